"""
What the library's applications take their recorders from: name this module as their
`PERSISTENCE_MODULE`, and the address of the store in `EPCIS_REPO_DB`.
"""

from __future__ import annotations

from eventsourcing.dcb.persistence import DCBInfrastructureFactory
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.utils import Environment, EnvType, resolve_topic

from epcis_repo.errors import SettingsError
from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.streams import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogProcessRecorder,
)
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.recorders.tracking import LogTrackingRecorder

_DB = "EPCIS_REPO_DB"


class LogFactory(
    InfrastructureFactory[LogTrackingRecorder], DCBInfrastructureFactory[LogTrackingRecorder]
):
    """Makes recorders that share one open log."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Open the log; `SettingsError` when nothing says where it is."""
        super().__init__(env)
        url = self.env.get(_DB)
        if not url:
            raise SettingsError(f"{' and '.join(self.env.create_keys(_DB))} name no database")
        self.log = SyncLog(url)

    def dcb_recorder(self) -> LogDCBRecorder:
        """See `DCBInfrastructureFactory.dcb_recorder`."""
        return LogDCBRecorder(self.log)

    def aggregate_recorder(self, purpose: str = "events") -> LogAggregateRecorder:
        """See `InfrastructureFactory.aggregate_recorder`."""
        return LogAggregateRecorder(self.log, purpose)

    def application_recorder(self) -> LogApplicationRecorder:
        """See `InfrastructureFactory.application_recorder`."""
        return LogApplicationRecorder(self.log)

    def tracking_recorder(
        self, tracking_recorder_class: type[LogTrackingRecorder] | None = None
    ) -> LogTrackingRecorder:
        """See `InfrastructureFactory.tracking_recorder`."""
        chosen = tracking_recorder_class
        if chosen is None:
            topic = self.env.get(self.TRACKING_RECORDER_TOPIC)
            chosen = resolve_topic(topic) if topic else LogTrackingRecorder
        return chosen(self.log)

    def process_recorder(self) -> LogProcessRecorder:
        """See `InfrastructureFactory.process_recorder`."""
        return LogProcessRecorder(self.log)

    def close(self) -> None:
        """See `InfrastructureFactory.close`."""
        self.log.close()

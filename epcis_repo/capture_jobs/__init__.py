"""
Capture jobs (EPCIS 2.0, §12.6): one for each document that was taken, got by its name and listed.

Of a document that was recorded before it was answered, the receipt is the whole job. One that is
captured afterwards has a job with a lifecycle: `events.py` is what is recorded of it, `rules.py`
decides and folds, pure, `operations.py` submits, runs, gets and lists jobs, and `runner.py` is
who runs them, one after the other.
"""

from epcis_repo.capture_jobs.operations import JobPage, job, jobs, submit, unended
from epcis_repo.capture_jobs.rules import Job
from epcis_repo.capture_jobs.runner import Runner

__all__ = ["Job", "JobPage", "Runner", "job", "jobs", "submit", "unended"]

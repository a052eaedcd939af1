"""The stories, each told in one function: capture, events, history, contents. No HTTP here."""

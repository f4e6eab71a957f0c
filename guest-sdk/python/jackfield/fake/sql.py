"""The interface `sql`, of which unit tests only have recorded expressions (see `evaluate`)."""

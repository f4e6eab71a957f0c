//! Discovers plugins, plans pipelines and runs them.

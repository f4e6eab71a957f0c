//! What plugins and pipelines say: plugin.toml, pipeline.toml, jackfield.toml.

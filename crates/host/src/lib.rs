//! The sandbox: compiles, links, limits and calls plugins.

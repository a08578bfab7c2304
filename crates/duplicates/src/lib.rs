//! Finds files and directories with the same content and replaces them by links.

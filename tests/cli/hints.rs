//! What is said when something is in the way, and what to do next: each diagnosis by a command that meets it.

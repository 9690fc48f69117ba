//! What the guard lets through and what it refuses, over every API and version.

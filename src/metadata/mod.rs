//! What the cluster knows of itself: metadata records, their bytes, and the image that is their sum.
//!
//! Never decides anything (that is `controller`) and never knows how records are agreed upon. An image is a value: cloning it
//! copies pointers, applying a record to it copies what the record touches.

pub mod acls;
pub mod cluster;
pub mod configs;
pub mod features;
pub mod image;
pub mod producer_ids;
pub mod quotas;
pub mod record;
pub mod record_codec;
pub mod scram;
pub mod topics;

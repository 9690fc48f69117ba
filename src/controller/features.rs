//! Finalising feature levels (KIP-584): all updates of a request, or none.

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use crate::base::error_code::ErrorCode;
use crate::metadata::features::{METADATA_VERSION, supported};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{FeatureLevel, MetadataRecord};

/// Which way a level may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Upgrade {
    /// Up.
    Upgrade,
    /// Down, if nothing is lost.
    SafeDowngrade,
    /// Down, whatever is lost.
    UnsafeDowngrade,
    /// A number that Kafka gives no meaning.
    Unknown,
}

impl Upgrade {
    /// What has that number on the wire.
    pub fn from_code(code: i8) -> Self {
        match code {
            1 => Self::Upgrade,
            2 => Self::SafeDowngrade,
            3 => Self::UnsafeDowngrade,
            _ => Self::Unknown,
        }
    }
}

/// Levels to finalise.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UpdateFeatures {
    /// Feature, level, direction.
    pub updates: Vec<(String, i16, Upgrade)>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// The first thing that is wrong, or nothing: the updates stand and fall together.
pub type UpdateFeaturesReply = Result<(), ApiError>;

/// Decides.
pub fn decide(image: &MetadataImage, operation: &UpdateFeatures) -> Decision<UpdateFeaturesReply> {
    let mut records = Vec::new();
    for (name, level, upgrade) in &operation.updates {
        match update(image, name, *level, *upgrade) {
            Ok(Some(record)) => records.push(record),
            Ok(None) => {}
            Err(error) => return Decision::refused(Err(error)),
        }
    }
    if operation.validate_only {
        records.clear();
    }
    Decision::new(records, Ok(()))
}

fn update(image: &MetadataImage, name: &str, level: i16, upgrade: Upgrade) -> Result<Option<MetadataRecord>, ApiError> {
    let refuse = |why: String| {
        let message = format!("{name} cannot be set to level {level}: {why}");
        Err(ApiError::new(ErrorCode::InvalidUpdateVersion, message))
    };
    if upgrade == Upgrade::Unknown {
        return refuse("the request names neither an upgrade nor one of the two kinds of downgrade".to_owned());
    }
    if level < 0 {
        return refuse("levels begin at 0, which switches a feature off".to_owned());
    }
    let Some(range) = supported(name) else {
        return refuse("no feature of that name is known here; DescribeFeatures lists those that are".to_owned());
    };
    if level != 0 && !(range.min..=range.max).contains(&level) {
        return refuse(format!("this controller knows levels {} to {}", range.min, range.max));
    }
    for broker in image.brokers().iter() {
        let able = broker.features.iter().any(|f| f.name == name && (f.min..=f.max).contains(&level));
        if level != 0 && !able {
            return refuse(format!(
                "broker {} does not know that level; upgrade its program, or unregister it, first",
                broker.broker_id
            ));
        }
    }
    let current = image.features().level(name);
    match level.cmp(&current) {
        std::cmp::Ordering::Less if upgrade == Upgrade::Upgrade => {
            return refuse(format!(
                "it is at level {current} now; a lower one must be asked for as a downgrade, safe or unsafe"
            ));
        }
        std::cmp::Ordering::Greater if upgrade != Upgrade::Upgrade => {
            return refuse(format!("it is at level {current} now, so that this would be no downgrade"));
        }
        std::cmp::Ordering::Less if name == METADATA_VERSION => return downgrade_metadata(level, upgrade),
        _ => {}
    }
    let record = MetadataRecord::FeatureLevel(FeatureLevel { name: name.to_owned(), level });
    Ok(Some(record))
}

/// Records that are in the log already cannot be taken back, so the metadata version only grows.
fn downgrade_metadata(level: i16, upgrade: Upgrade) -> Result<Option<MetadataRecord>, ApiError> {
    let why = if upgrade == Upgrade::UnsafeDowngrade {
        "records that only newer levels know are never thrown away here"
    } else {
        "records that only newer levels know may be in the log already, and would be lost"
    };
    Err(ApiError::new(
        ErrorCode::InvalidUpdateVersion,
        format!("{METADATA_VERSION} cannot be lowered to {level}: {why}"),
    ))
}

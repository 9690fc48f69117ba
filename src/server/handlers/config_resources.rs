//! What the configuration APIs have in common: resources by number, and what this broker knows of its own settings.

use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::config::describe::BrokerLayers;
use crate::config::server::ServerConfig;
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;

/// An error with words for a person.
pub type Told = (ErrorCode, String);

/// An INVALID_REQUEST with words.
pub fn invalid(text: impl Into<String>) -> Told {
    (ErrorCode::InvalidRequest, text.into())
}

/// All layers of this broker's settings.
pub fn layers<'a>(server: &'a ServerConfig, node: NodeId, image: &'a MetadataImage) -> BrokerLayers<'a> {
    let configs = image.configs();
    BrokerLayers {
        server,
        dynamic: configs.of(ResourceType::Broker, &node.to_string()),
        dynamic_default: configs.of(ResourceType::Broker, ""),
    }
}

/// Checks that a broker's or logger's resource is this node. Only the node itself knows its own settings, so clients send
/// the question there.
pub fn is_this_node(name: &str, node: NodeId) -> Result<(), Told> {
    match name.parse::<i32>() {
        Ok(id) if id == node.0 => Ok(()),
        Ok(id) => Err(invalid(format!("this is broker {node}, and broker {id} was asked for"))),
        Err(_) => Err(invalid(format!("a broker's id is a number, and `{name}` is none"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_answers_for_itself_only() {
        assert!(is_this_node("1", NodeId(1)).is_ok());
        for other in ["2", "", "x", "1 "] {
            assert_eq!(is_this_node(other, NodeId(1)).unwrap_err().0, ErrorCode::InvalidRequest, "{other:?}");
        }
    }
}

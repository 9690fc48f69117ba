//! AlterClientQuotas (49), versions 0-1. Sets and removes quotas of users, client ids and addresses (KIP-546).
//!
//! - v1: flexible
//!
//! Quotas are stored and shown, and not enforced yet; the log says so at each change.

use std::sync::Arc;

use kafka_protocol::messages::alter_client_quotas_request::{AlterClientQuotasRequest, EntryData as AskedEntry};
use kafka_protocol::messages::alter_client_quotas_response::{AlterClientQuotasResponse, EntityData, EntryData};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::controller::api_error::ApiError;
use crate::controller::quotas::AlterClientQuotas;
use crate::metadata::record::QuotaEntity;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::handlers::config_changes::timeout_by_default;
use crate::server::request::{Refusal, Request};
use crate::server::stored_only;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterClientQuotasRequest = request.decode()?;
    let operation =
        AlterClientQuotas { entries: body.entries.iter().map(to_domain).collect(), validate_only: body.validate_only };
    let entities: Vec<QuotaEntity> = operation.entries.iter().map(|(entity, _)| entity.clone()).collect();
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let results = match ctx.change(operation, timeout_by_default(&ctx)).await {
            Ok(results) => results,
            Err(error) => {
                let failed = |entity| (entity, Err(ApiError::from(error_map::controller(&error))));
                entities.into_iter().map(failed).collect()
            }
        };
        if !body.validate_only && results.iter().any(|(_, result)| result.is_ok()) {
            stored_only::quotas();
        }
        let entries = results.into_iter().map(|(entity, result)| to_wire(entity, result)).collect();
        request.respond(&AlterClientQuotasResponse::default().with_entries(entries))
    }))
}

fn to_domain(entry: &AskedEntry) -> (QuotaEntity, Vec<(String, Option<f64>)>) {
    let name = |text: &StrBytes| text.to_string();
    let entity = entry.entity.iter().map(|part| (part.entity_type.to_string(), part.entity_name.as_ref().map(name)));
    let ops = entry.ops.iter().map(|op| (op.key.to_string(), (!op.remove).then_some(op.value)));
    (entity.collect(), ops.collect())
}

fn to_wire(entity: QuotaEntity, result: Result<(), ApiError>) -> EntryData {
    let component = |(kind, name): (String, Option<String>)| {
        EntityData::default()
            .with_entity_type(StrBytes::from_string(kind))
            .with_entity_name(name.map(StrBytes::from_string))
    };
    let (code, message) = match result {
        Ok(()) => (ErrorCode::None, None),
        Err(error) => (error.code, error.message),
    };
    EntryData::default()
        .with_error_code(code.code())
        .with_error_message(message.map(StrBytes::from_string))
        .with_entity(entity.into_iter().map(component).collect())
}

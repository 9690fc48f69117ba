//! Records of who may do what: kinds 11, 18 and 22.

use super::fields::{blob, put_blob, put_no_tags, skip_tags, string};
use crate::base::codec::{CodecError, Reader, Writer};
use crate::metadata::record::{AccessControlEntry, UserScramCredential};

pub(super) fn put_scram(out: &mut Writer, r: &UserScramCredential) {
    out.compact_string(&r.name);
    out.i8(r.mechanism);
    put_blob(out, &r.salt);
    put_blob(out, &r.stored_key);
    put_blob(out, &r.server_key);
    out.i32(r.iterations);
    put_no_tags(out);
}

pub(super) fn scram(r: &mut Reader<'_>) -> Result<UserScramCredential, CodecError> {
    let record = UserScramCredential {
        name: string(r)?,
        mechanism: r.i8()?,
        salt: blob(r)?,
        stored_key: blob(r)?,
        server_key: blob(r)?,
        iterations: r.i32()?,
    };
    skip_tags(r)?;
    Ok(record)
}

pub(super) fn put_remove_scram(out: &mut Writer, name: &str, mechanism: i8) {
    out.compact_string(name);
    out.i8(mechanism);
    put_no_tags(out);
}

pub(super) fn remove_scram(r: &mut Reader<'_>) -> Result<(String, i8), CodecError> {
    let pair = (string(r)?, r.i8()?);
    skip_tags(r)?;
    Ok(pair)
}

pub(super) fn put_acl(out: &mut Writer, r: &AccessControlEntry) {
    out.uuid(r.id);
    out.i8(r.resource_type);
    out.compact_string(&r.resource_name);
    out.i8(r.pattern_type);
    out.compact_string(&r.principal);
    out.compact_string(&r.host);
    out.i8(r.operation);
    out.i8(r.permission_type);
    put_no_tags(out);
}

pub(super) fn acl(r: &mut Reader<'_>) -> Result<AccessControlEntry, CodecError> {
    let record = AccessControlEntry {
        id: r.uuid()?,
        resource_type: r.i8()?,
        resource_name: string(r)?,
        pattern_type: r.i8()?,
        principal: string(r)?,
        host: string(r)?,
        operation: r.i8()?,
        permission_type: r.i8()?,
    };
    skip_tags(r)?;
    Ok(record)
}

//! How the messages here are written down, read and written: the macros `structure!` and `message!`, and the wire form of each
//! type that a field can have.
//!
//! ```text
//!  structure! { /// docs
//!      Listener { name: StrBytes, 0..=1; port: u16 = 9092, 0..=1; }          field: type = default, versions;
//!      tagged { 0: dirs: Vec<Uuid>, 1..=1; }                                 tag: field ...
//!  }
//!  message!(ApiKey::AddRaftVoter, request AddRaftVoterRequest, answered by AddRaftVoterResponse);
//! ```
//!
//! A field that a version lacks is not written, and is read as its default. Unknown tags are read and dropped.
//!
//! The only file outside `main`, `cli` and tests that names `anyhow`: kafka_protocol's traits return its errors.

use anyhow::{Result as Anyhow, bail, ensure};
use kafka_protocol::messages::{BrokerId, GroupId, ProducerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::protocol::buf::{ByteBuf, ByteBufMut};
use uuid::Uuid;

/// What kafka_protocol's traits return.
pub(in crate::protocol) type Result<T> = Anyhow<T>;

/// Which form of a message is meant.
#[derive(Clone, Copy)]
pub struct Form {
    pub(super) version: i16,
    pub(super) flexible: bool,
}

/// A type that a field can have.
pub trait Wire: Sized {
    /// Appends the value.
    fn put<B: ByteBufMut>(&self, out: &mut B, form: Form) -> Result<()>;
    /// Takes the value off the front.
    fn get<B: ByteBuf>(from: &mut B, form: Form) -> Result<Self>;
}

/// A type that has a form for null.
pub trait Nullable: Wire {
    /// Appends the value, or null.
    fn put_option<B: ByteBufMut>(value: Option<&Self>, out: &mut B, form: Form) -> Result<()>;
    /// Takes the value, or null, off the front.
    fn get_option<B: ByteBuf>(from: &mut B, form: Form) -> Result<Option<Self>>;
}

impl<T: Nullable> Wire for Option<T> {
    fn put<B: ByteBufMut>(&self, out: &mut B, form: Form) -> Result<()> {
        T::put_option(self.as_ref(), out, form)
    }
    fn get<B: ByteBuf>(from: &mut B, form: Form) -> Result<Self> {
        T::get_option(from, form)
    }
}

macro_rules! integers {
    ($($type_:ty: $put:ident $get:ident),*) => {$(
        impl Wire for $type_ {
            fn put<B: ByteBufMut>(&self, out: &mut B, _: Form) -> Result<()> {
                out.$put(*self);
                Ok(())
            }
            fn get<B: ByteBuf>(from: &mut B, _: Form) -> Result<Self> {
                Ok(from.$get()?)
            }
        }
    )*};
}
integers!(i8: put_i8 try_get_i8, i16: put_i16 try_get_i16, u16: put_u16 try_get_u16, i32: put_i32 try_get_i32, i64: put_i64 try_get_i64);

macro_rules! newtypes {
    ($($name:ident($inner:ty)),*) => {$(
        impl Wire for $name {
            fn put<B: ByteBufMut>(&self, out: &mut B, form: Form) -> Result<()> {
                self.0.put(out, form)
            }
            fn get<B: ByteBuf>(from: &mut B, form: Form) -> Result<Self> {
                <$inner>::get(from, form).map(Self)
            }
        }
    )*};
}
newtypes!(BrokerId(i32), ProducerId(i64), GroupId(StrBytes), TopicName(StrBytes));

impl Nullable for GroupId {
    fn put_option<B: ByteBufMut>(value: Option<&Self>, out: &mut B, form: Form) -> Result<()> {
        StrBytes::put_option(value.map(|id| &id.0), out, form)
    }
    fn get_option<B: ByteBuf>(from: &mut B, form: Form) -> Result<Option<Self>> {
        Ok(StrBytes::get_option(from, form)?.map(Self))
    }
}

impl Wire for bool {
    fn put<B: ByteBufMut>(&self, out: &mut B, _: Form) -> Result<()> {
        out.put_u8(u8::from(*self));
        Ok(())
    }
    fn get<B: ByteBuf>(from: &mut B, _: Form) -> Result<Self> {
        Ok(from.try_get_u8()? != 0)
    }
}

impl Wire for Uuid {
    fn put<B: ByteBufMut>(&self, out: &mut B, _: Form) -> Result<()> {
        out.put_slice(self.as_bytes());
        Ok(())
    }
    fn get<B: ByteBuf>(from: &mut B, _: Form) -> Result<Self> {
        Ok(Uuid::from_u128(from.try_get_u128()?))
    }
}

impl Wire for StrBytes {
    fn put<B: ByteBufMut>(&self, out: &mut B, form: Form) -> Result<()> {
        Self::put_option(Some(self), out, form)
    }
    fn get<B: ByteBuf>(from: &mut B, form: Form) -> Result<Self> {
        Self::get_option(from, form)?.ok_or_else(|| anyhow::anyhow!("a text is null"))
    }
}

impl Nullable for StrBytes {
    fn put_option<B: ByteBufMut>(value: Option<&Self>, out: &mut B, form: Form) -> Result<()> {
        let length = value.map(|text| text.len());
        ensure!(length.is_none_or(|n| n <= i16::MAX as usize), "a text of {length:?} bytes is too long");
        match form.flexible {
            true => put_uvarint(out, length.map_or(0, |n| n as u32 + 1)),
            false => out.put_i16(length.map_or(-1, |n| n as i16)),
        }
        out.put_slice(value.map_or(&[], |text| text.as_bytes()));
        Ok(())
    }
    fn get_option<B: ByteBuf>(from: &mut B, form: Form) -> Result<Option<Self>> {
        let length = match form.flexible {
            true => i64::from(get_uvarint(from)?) - 1,
            false => i64::from(from.try_get_i16()?),
        };
        match length {
            -1 => Ok(None),
            n if n < 0 => bail!("a text has the length {n}"),
            n => Ok(Some(StrBytes::try_from(from.try_get_bytes(n as usize)?)?)),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn put<B: ByteBufMut>(&self, out: &mut B, form: Form) -> Result<()> {
        Self::put_option(Some(self), out, form)
    }
    fn get<B: ByteBuf>(from: &mut B, form: Form) -> Result<Self> {
        Self::get_option(from, form)?.ok_or_else(|| anyhow::anyhow!("an array is null"))
    }
}

impl<T: Wire> Nullable for Vec<T> {
    fn put_option<B: ByteBufMut>(value: Option<&Self>, out: &mut B, form: Form) -> Result<()> {
        let count = value.map(|elements| i32::try_from(elements.len())).transpose()?;
        match form.flexible {
            true => put_uvarint(out, count.map_or(0, |n| n as u32 + 1)),
            false => out.put_i32(count.unwrap_or(-1)),
        }
        value.into_iter().flatten().try_for_each(|element| element.put(out, form))
    }
    fn get_option<B: ByteBuf>(from: &mut B, form: Form) -> Result<Option<Self>> {
        let count = match form.flexible {
            true => i64::from(get_uvarint(from)?) - 1,
            false => i64::from(from.try_get_i32()?),
        };
        if count == -1 {
            return Ok(None);
        }
        // The guard has checked the count; each element takes at least a byte, so this holds without it too.
        ensure!(0 <= count && count as u64 <= from.remaining() as u64, "an array announces {count} elements");
        let mut elements = Vec::with_capacity(count as usize);
        for _ in 0..count {
            elements.push(T::get(from, form)?);
        }
        Ok(Some(elements))
    }
}

/// Appends an unsigned varint.
pub(in crate::protocol) fn put_uvarint<B: ByteBufMut>(out: &mut B, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Takes an unsigned varint of at most five bytes off the front.
pub(super) fn get_uvarint<B: ByteBuf>(from: &mut B) -> Result<u32> {
    let mut value = 0;
    for shift in (0..35).step_by(7) {
        let byte = from.try_get_u8()?;
        ensure!(shift < 28 || byte <= 0x0f, "a varint is too long");
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    Ok(value)
}

/// Appends a tagged field: its tag, its size, itself.
pub(super) fn put_tagged<T: Wire>(out: &mut impl ByteBufMut, tag: u32, value: &T, form: Form) -> Result<()> {
    let mut bytes = Vec::new();
    value.put(&mut bytes, form)?;
    put_uvarint(out, tag);
    put_uvarint(out, u32::try_from(bytes.len())?);
    out.put_slice(&bytes);
    Ok(())
}

macro_rules! structure {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$field_doc:meta])* $field:ident: $type_:ty $(= $default:expr)?, $min:literal..=$max:literal;)*
    } $(tagged {
        $($(#[$tagged_doc:meta])* $tag:literal: $tagged:ident: $tagged_type:ty $(= $tagged_default:expr)?, $tagged_min:literal..=$tagged_max:literal;)*
    })?) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type_,)*
            $($($(#[$tagged_doc])* pub $tagged: $tagged_type,)*)?
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($field: structure!(@default $($default)?),)*
                    $($($tagged: structure!(@default $($tagged_default)?),)*)?
                }
            }
        }

        impl $crate::protocol::extra::message::Wire for $name {
            fn put<B: kafka_protocol::protocol::buf::ByteBufMut>(
                &self,
                out: &mut B,
                form: $crate::protocol::extra::message::Form,
            ) -> $crate::protocol::extra::message::Result<()> {
                $(if ($min..=$max).contains(&form.version) {
                    self.$field.put(out, form)?;
                })*
                if form.flexible {
                    #[allow(unused_mut)]
                    let mut tags: u32 = 0;
                    $(
                        let unset = Self::default();
                        $(if ($tagged_min..=$tagged_max).contains(&form.version) && self.$tagged != unset.$tagged {
                            tags += 1;
                        })*
                    )?
                    $crate::protocol::extra::message::put_uvarint(out, tags);
                    $($(if ($tagged_min..=$tagged_max).contains(&form.version) && self.$tagged != unset.$tagged {
                        $crate::protocol::extra::message::put_tagged(out, $tag, &self.$tagged, form)?;
                    })*)?
                }
                Ok(())
            }

            fn get<B: kafka_protocol::protocol::buf::ByteBuf>(
                from: &mut B,
                form: $crate::protocol::extra::message::Form,
            ) -> $crate::protocol::extra::message::Result<Self> {
                use $crate::protocol::extra::message::{Wire, get_uvarint};
                let mut message = Self::default();
                $(if ($min..=$max).contains(&form.version) {
                    message.$field = Wire::get(from, form)?;
                })*
                if form.flexible {
                    for _ in 0..get_uvarint(from)? {
                        let tag = get_uvarint(from)?;
                        let size = get_uvarint(from)?;
                        match tag {
                            $($($tag if ($tagged_min..=$tagged_max).contains(&form.version) => {
                                message.$tagged = Wire::get(from, form)?;
                            })*)?
                            _ => drop(from.try_get_bytes(size as usize)?),
                        }
                    }
                }
                Ok(message)
            }
        }

        impl $crate::protocol::extra::message::Nullable for $name {
            fn put_option<B: kafka_protocol::protocol::buf::ByteBufMut>(
                value: Option<&Self>,
                out: &mut B,
                form: $crate::protocol::extra::message::Form,
            ) -> $crate::protocol::extra::message::Result<()> {
                out.put_i8(if value.is_some() { 1 } else { -1 });
                value.map_or(Ok(()), |value| $crate::protocol::extra::message::Wire::put(value, out, form))
            }
            fn get_option<B: kafka_protocol::protocol::buf::ByteBuf>(
                from: &mut B,
                form: $crate::protocol::extra::message::Form,
            ) -> $crate::protocol::extra::message::Result<Option<Self>> {
                if from.try_get_i8()? < 0 {
                    return Ok(None);
                }
                $crate::protocol::extra::message::Wire::get(from, form).map(Some)
            }
        }
    };
    (@default) => { Default::default() };
    (@default $value:expr) => { $value };
}

macro_rules! message {
    ($key:expr, request $request:ident, answered by $response:ty) => {
        message!(@traits $key, $request, request_header_version);
        impl kafka_protocol::protocol::Request for $request {
            const KEY: i16 = $key.number();
            type Response = $response;
        }
    };
    ($key:expr, response $response:ident) => {
        message!(@traits $key, $response, response_header_version);
    };
    (@traits $key:expr, $name:ident, $header_version:ident) => {
        impl kafka_protocol::protocol::Message for $name {
            const VERSIONS: kafka_protocol::protocol::VersionRange =
                kafka_protocol::protocol::VersionRange { min: $key.versions().min, max: $key.versions().max };
            const DEPRECATED_VERSIONS: Option<kafka_protocol::protocol::VersionRange> = None;
        }
        impl kafka_protocol::protocol::HeaderVersion for $name {
            fn header_version(version: i16) -> i16 {
                $key.$header_version(version)
            }
        }
        impl kafka_protocol::protocol::Encodable for $name {
            fn encode<B: kafka_protocol::protocol::buf::ByteBufMut>(
                &self,
                out: &mut B,
                version: i16,
            ) -> $crate::protocol::extra::message::Result<()> {
                let form = $crate::protocol::extra::message::form($key, version)?;
                $crate::protocol::extra::message::Wire::put(self, out, form)
            }
            fn compute_size(&self, version: i16) -> $crate::protocol::extra::message::Result<usize> {
                let mut out = Vec::new();
                kafka_protocol::protocol::Encodable::encode(self, &mut out, version)?;
                Ok(out.len())
            }
        }
        impl kafka_protocol::protocol::Decodable for $name {
            fn decode<B: kafka_protocol::protocol::buf::ByteBuf>(
                from: &mut B,
                version: i16,
            ) -> $crate::protocol::extra::message::Result<Self> {
                let form = $crate::protocol::extra::message::form($key, version)?;
                $crate::protocol::extra::message::Wire::get(from, form)
            }
        }
    };
}

pub(super) use {message, structure};

/// The form of a version of an API, if it has that version.
pub(super) fn form(key: crate::protocol::api::ApiKey, version: i16) -> Result<Form> {
    ensure!(key.versions().contains(version), "{key} has no version {version}");
    Ok(Form { version, flexible: key.is_flexible(version) })
}

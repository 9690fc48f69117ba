//! The walk itself: an interpreter of the schema tables over a body's bytes.

use super::schema::{Field, Struct, Type};
use super::{ARRAY_ELEMENTS_MAX, GuardError, TAGGED_FIELDS_MAX, decoded_bytes_max};
use crate::base::codec::{CodecError, Reader};

/// Text of one field (bytes), as Kafka's readers bound it in both encodings.
const TEXT_BYTES_MAX: usize = i16::MAX as usize;
/// What the first unknown tag of a structure costs when decoded (bytes): a node of a B-tree.
const TAG_NODE_BYTES: usize = 416;
/// What each further one costs at most (bytes): its share of half-full nodes.
const TAG_BYTES: usize = 96;

/// One walk over one body.
pub(super) struct Walk<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
    /// What a decode may allocate in all, and what is left of it (bytes).
    budget: usize,
    left: usize,
}

fn codec(field: &'static str) -> impl Fn(CodecError) -> GuardError {
    move |error| GuardError::Codec { field, error }
}

impl<'a> Walk<'a> {
    pub(super) fn new(body: &'a [u8], version: i16, flexible: bool) -> Self {
        let budget = decoded_bytes_max(body.len());
        Self { reader: Reader::new(body), version, flexible, budget, left: budget }
    }

    /// Walks the fields of a structure and its tagged section.
    pub(super) fn structure(&mut self, structure: &'static Struct) -> Result<(), GuardError> {
        for field in structure.fields {
            if field.versions.contains(self.version) && !field.is_tagged(self.version) {
                self.value(field)?;
            }
        }
        if self.flexible { self.tags(structure) } else { Ok(()) }
    }

    fn value(&mut self, field: &'static Field) -> Result<(), GuardError> {
        let name = field.name;
        match field.type_ {
            Type::String => self.text(field),
            Type::Bytes | Type::Records => match self.length(name, 4)? {
                Some(length) => self.skip(name, length),
                None => self.null(field),
            },
            Type::Array(element) => match self.length(name, 4)? {
                Some(count) => self.array(name, element, count),
                None => self.null(field),
            },
            Type::Struct(inner) => {
                if field.nullable.contains(self.version) {
                    match self.reader.i8().map_err(codec(name))? {
                        -1 => return Ok(()),
                        1 => {}
                        // Readers differ in what else they take for "there": Kafka any positive, kafka_protocol none.
                        other => return Err(codec(name)(CodecError::BadLength(other.into()))),
                    }
                }
                self.structure(inner)
            }
            fixed => self.skip(name, width(fixed)),
        }
    }

    fn null(&self, field: &Field) -> Result<(), GuardError> {
        if field.nullable.contains(self.version) { Ok(()) } else { Err(GuardError::Null { field: field.name }) }
    }

    fn text(&mut self, field: &'static Field) -> Result<(), GuardError> {
        match self.length(field.name, 2)? {
            Some(length) => self.utf8(field.name, length),
            None => self.null(field),
        }
    }

    fn utf8(&mut self, name: &'static str, length: usize) -> Result<(), GuardError> {
        if length > TEXT_BYTES_MAX {
            return Err(GuardError::TextTooLong { field: name, bytes: length });
        }
        let text = self.reader.bytes(length).map_err(codec(name))?;
        std::str::from_utf8(text).map(drop).map_err(|_| codec(name)(CodecError::NotUtf8))
    }

    /// A length or a count: compact in flexible versions, else of that width. `None` is null.
    fn length(&mut self, name: &'static str, width: usize) -> Result<Option<usize>, GuardError> {
        if self.flexible {
            return Ok((self.reader.uvarint().map_err(codec(name))? as usize).checked_sub(1));
        }
        let length = match width {
            2 => i32::from(self.reader.i16().map_err(codec(name))?),
            _ => self.reader.i32().map_err(codec(name))?,
        };
        match length {
            -1 => Ok(None),
            n => usize::try_from(n).map(Some).map_err(|_| codec(name)(CodecError::BadLength(n.into()))),
        }
    }

    fn array(&mut self, name: &'static str, element: &'static Type, count: usize) -> Result<(), GuardError> {
        if count == 0 {
            return Ok(());
        }
        if count > ARRAY_ELEMENTS_MAX {
            return Err(GuardError::TooManyElements { field: name, count });
        }
        let remain = self.reader.remaining();
        if count > remain / self.least(*element) {
            return Err(GuardError::CountBeyondBytes { field: name, count, remain });
        }
        match *element {
            Type::Struct(inner) => {
                self.charge(count * inner.memory)?;
                for _ in 0..count {
                    self.structure(inner)?;
                }
            }
            Type::String => {
                self.charge(count * memory(Type::String))?;
                for _ in 0..count {
                    let length = self.length(name, 2)?.ok_or(GuardError::Null { field: name })?;
                    self.utf8(name, length)?;
                }
            }
            Type::Bytes | Type::Records => {
                self.charge(count * memory(Type::Bytes))?;
                for _ in 0..count {
                    let length = self.length(name, 4)?.ok_or(GuardError::Null { field: name })?;
                    self.skip(name, length)?;
                }
            }
            // Kafka has no arrays of arrays; should one come, it must not pass unwalked.
            Type::Array(_) => return Err(GuardError::Null { field: name }),
            fixed => {
                self.charge(count * memory(fixed))?;
                self.skip(name, count * width(fixed))?;
            }
        }
        Ok(())
    }

    /// The tagged section at a structure's end: known tags are walked, others skipped.
    fn tags(&mut self, structure: &'static Struct) -> Result<(), GuardError> {
        let name = structure.name;
        let count = self.reader.uvarint().map_err(codec(name))? as usize;
        if count == 0 {
            return Ok(());
        }
        if count > TAGGED_FIELDS_MAX {
            return Err(GuardError::TooManyTags { structure: name, count });
        }
        let mut unknown = 0;
        for _ in 0..count {
            let tag = self.reader.uvarint().map_err(codec(name))?;
            let size = self.reader.uvarint().map_err(codec(name))? as usize;
            match structure.fields.iter().find(|field| matches!(field.tag, Some((number, _)) if number == tag)) {
                Some(field) if !(field.is_tagged(self.version) && field.versions.contains(self.version)) => {
                    return Err(GuardError::TagNotInVersion { field: field.name, version: self.version });
                }
                Some(field) => {
                    let start = self.reader.position();
                    self.value(field)?;
                    if self.reader.position() - start != size {
                        return Err(GuardError::TagSize { field: field.name });
                    }
                }
                None => {
                    self.charge(if unknown == 0 { TAG_NODE_BYTES } else { TAG_BYTES })?;
                    unknown += 1;
                    self.skip(name, size)?;
                }
            }
        }
        Ok(())
    }

    fn skip(&mut self, name: &'static str, bytes: usize) -> Result<(), GuardError> {
        self.reader.bytes(bytes).map(drop).map_err(codec(name))
    }

    fn charge(&mut self, bytes: usize) -> Result<(), GuardError> {
        self.left = self.left.checked_sub(bytes).ok_or(GuardError::Amplified { budget: self.budget })?;
        Ok(())
    }

    /// The least bytes that an element takes on the wire in this version; at least one.
    fn least(&self, type_: Type) -> usize {
        match type_ {
            Type::String => {
                if self.flexible {
                    1
                } else {
                    2
                }
            }
            Type::Bytes | Type::Records | Type::Array(_) => {
                if self.flexible {
                    1
                } else {
                    4
                }
            }
            Type::Struct(inner) => {
                let of_fields: usize = inner
                    .fields
                    .iter()
                    .filter(|field| field.versions.contains(self.version) && !field.is_tagged(self.version))
                    .map(|field| match field.type_ {
                        Type::Struct(_) if field.nullable.contains(self.version) => 1,
                        type_ => self.least(type_),
                    })
                    .sum();
                (of_fields + usize::from(self.flexible)).max(1)
            }
            fixed => width(fixed),
        }
    }
}

/// Bytes on the wire of a type that always takes as many.
const fn width(type_: Type) -> usize {
    match type_ {
        Type::Bool | Type::Int8 => 1,
        Type::Int16 | Type::Uint16 => 2,
        Type::Int32 => 4,
        Type::Int64 | Type::Float64 => 8,
        Type::Uuid => 16,
        Type::String | Type::Bytes | Type::Records | Type::Struct(_) | Type::Array(_) => 0,
    }
}

/// Bytes in memory of an array's element.
const fn memory(type_: Type) -> usize {
    match type_ {
        Type::String | Type::Bytes | Type::Records => 32,
        Type::Array(_) => 24,
        Type::Struct(inner) => inner.memory,
        fixed => width(fixed),
    }
}

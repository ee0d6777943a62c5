use serde::Serialize;
use serde::ser::{
    Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::super::seen::Seen;
use super::{TOP, USUAL_CHILDREN, Unwritable, Writer};

/// An array that is being written.
pub(crate) struct Sequence<'w> {
    writer: &'w mut Writer,
    count: u32,
    /// It is the content of a variant, whose object ends with it.
    in_variant: bool,
}

impl<'w> Sequence<'w> {
    pub(super) fn open(writer: &'w mut Writer) -> Result<Self, Unwritable> {
        writer.inside()?;
        writer.out.push(b'[');
        writer.open();
        Ok(Self { writer, count: 0, in_variant: false })
    }

    /// Opens the array of `{"Variant":[…]}`.
    pub(super) fn of_variant(writer: &'w mut Writer, variant: &str) -> Result<Self, Unwritable> {
        let mut outer = Members::open(writer);
        outer.name(variant);
        Ok(Self { in_variant: true, ..Self::open(outer.writer)? })
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.writer.separate(b'[');
        self.count += 1;
        self.writer.doubtful |= self.count > USUAL_CHILDREN;
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.out.push(b']');
        self.writer.depth -= 1;
        if self.in_variant {
            self.writer.close_object();
        }
    }
}

/// An object that is being written.
pub(crate) struct Members<'w> {
    writer: &'w mut Writer,
    /// Its names, unless it is the outermost object, whose names the writer keeps.
    names: Seen,
    count: u32,
    /// It is the content of a variant, whose object ends with it.
    in_variant: bool,
    /// It is no object but how `serde_json` hands on a text that is JSON already.
    raw: bool,
}

/// What `serde_json` calls the structs that stand for such a text: `RawValue` and, in some builds, numbers.
const RAW_STRUCTS: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

impl<'w> Members<'w> {
    pub(super) fn open(writer: &'w mut Writer) -> Self {
        writer.open_object();
        Self { writer, names: Seen::default(), count: 0, in_variant: false, raw: false }
    }

    pub(super) fn of_struct(writer: &'w mut Writer, name: &str) -> Self {
        if RAW_STRUCTS.contains(&name) {
            return Self { writer, names: Seen::default(), count: 0, in_variant: false, raw: true };
        }
        Self::open(writer)
    }

    /// Opens the inner object of `{"Variant":{…}}`.
    pub(super) fn of_variant(writer: &'w mut Writer, variant: &str) -> Self {
        let mut outer = Self::open(writer);
        outer.name(variant);
        Self { in_variant: true, ..Self::open(outer.writer) }
    }

    pub(super) fn member<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Unwritable> {
        if self.raw {
            return self.writer.raw(value);
        }
        self.name(name);
        value.serialize(&mut *self.writer)
    }

    pub(super) fn close(self) {
        if self.raw {
            return;
        }
        self.writer.close_object();
        if self.in_variant {
            self.writer.close_object();
        }
    }

    #[inline]
    fn name(&mut self, name: &str) {
        let start = self.writer.name(name);
        self.note(start, Some(name.as_bytes()));
    }

    /// A key of a map: a string, or a number or boolean that becomes one.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.writer.separate(b'{');
        let start = self.writer.out.len();
        key.serialize(&mut *self.writer)?;
        match self.writer.out.get(start) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.writer.out.insert(start, b'"');
                self.writer.out.push(b'"');
            }
            _ => return Err(Unwritable::custom("a key must be a string")),
        }
        self.writer.out.push(b':');
        self.note(start + 1, None);
        Ok(())
    }

    /// Takes note of the name that was written last, from `start` on. Where it came from it is faster to read than where it
    /// has just been written.
    #[inline]
    fn note(&mut self, start: usize, name: Option<&[u8]>) {
        self.count += 1;
        let Writer { out, names, doubtful, depth, .. } = &mut *self.writer;
        let names = if *depth == TOP { names } else { &mut self.names };
        let name = name.unwrap_or_else(|| out.get(start..out.len() - 2).unwrap_or_default());
        *doubtful |= !names.is_new(out, start, name) || self.count > USUAL_CHILDREN;
    }
}

impl Writer {
    fn open_object(&mut self) {
        if self.depth >= TOP {
            self.out.push(b'{');
        }
        self.open();
    }

    fn close_object(&mut self) {
        if self.depth > TOP {
            self.out.push(b'}');
        }
        self.depth -= 1;
    }

    /// Writes a text that says of itself that it is JSON.
    fn raw<T: Serialize + ?Sized>(&mut self, text: &T) -> Result<(), Unwritable> {
        self.inside()?;
        let text = serde_json::to_value(text).map_err(Unwritable::custom)?;
        self.out.extend_from_slice(text.as_str().unwrap_or_default().as_bytes());
        self.doubtful = true;
        Ok(())
    }
}

macro_rules! sequences {
    ($($kind:ident: $method:ident,)+) => {$(
        impl $kind for Sequence<'_> {
            type Ok = ();
            type Error = Unwritable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
                self.element(value)
            }

            fn end(self) -> Result<(), Unwritable> {
                self.close();
                Ok(())
            }
        }
    )+};
}

sequences! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! structs {
    ($($kind:ident,)+) => {$(
        impl $kind for Members<'_> {
            type Ok = ();
            type Error = Unwritable;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Unwritable> {
                self.member(name, value)
            }

            fn end(self) -> Result<(), Unwritable> {
                self.close();
                Ok(())
            }
        }
    )+};
}

structs! { SerializeStruct, SerializeStructVariant, }

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unwritable> {
        self.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Unwritable> {
        self.close();
        Ok(())
    }
}

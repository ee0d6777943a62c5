use serde::Serialize;
use serde::ser::Serializer;

use super::collections::{Members, Sequence};
use super::{Unwritable, Writer};

macro_rules! integers {
    ($($method:ident: $integer:ty,)+) => {$(
        #[inline]
        fn $method(self, value: $integer) -> Result<(), Unwritable> {
            self.inside()?;
            self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
            Ok(())
        }
    )+};
}

impl<'w> Serializer for &'w mut Writer {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Sequence<'w>;
    type SerializeTuple = Sequence<'w>;
    type SerializeTupleStruct = Sequence<'w>;
    type SerializeTupleVariant = Sequence<'w>;
    type SerializeMap = Members<'w>;
    type SerializeStruct = Members<'w>;
    type SerializeStructVariant = Members<'w>;

    integers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unwritable> {
        self.rarely(&value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Unwritable> {
        self.rarely(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unwritable> {
        self.rarely(&value)
    }

    fn serialize_char(self, value: char) -> Result<(), Unwritable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Unwritable> {
        self.inside()?;
        self.string(value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unwritable> {
        self.rarely(value)
    }

    fn serialize_none(self) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unwritable> {
        self.rarely(&())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Unwritable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), Unwritable> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Unwritable> {
        let mut members = Members::open(self);
        members.member(variant, value)?;
        members.close();
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Sequence<'w>, Unwritable> {
        Sequence::open(self)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Sequence<'w>, Unwritable> {
        Sequence::open(self)
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Sequence<'w>, Unwritable> {
        Sequence::open(self)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Sequence<'w>, Unwritable> {
        Sequence::of_variant(self, variant)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Members<'w>, Unwritable> {
        Ok(Members::open(self))
    }

    fn serialize_struct(self, name: &'static str, _len: usize) -> Result<Members<'w>, Unwritable> {
        Ok(Members::of_struct(self, name))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Members<'w>, Unwritable> {
        Ok(Members::of_variant(self, variant))
    }
}

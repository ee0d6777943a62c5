use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::members::{Members, Watch};
use super::{Expected, GaveUp, Reader};

/// The top-level object, which somebody watches while it is read.
pub(super) struct Root<'r, 'de, W> {
    reader: &'r mut Reader<'de>,
    watch: W,
    expected: &'r [Expected],
}

impl<'r, 'de, W: Watch> Root<'r, 'de, W> {
    pub(super) fn new(reader: &'r mut Reader<'de>, watch: W, expected: &'r [Expected]) -> Self {
        Self { reader, watch, expected }
    }
}

impl<'de, W: Watch> Deserializer<'de> for Root<'_, 'de, W> {
    type Error = GaveUp;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        let Self { reader, watch, expected } = self;
        let value = match reader.peek() {
            Some(b'{') => Members::open(reader, watch, expected).and_then(|members| members.visit(visitor)),
            _ => Err(GaveUp),
        };
        reader.noted(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, GaveUp> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, GaveUp> {
        Err(GaveUp)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, GaveUp> {
        let Self { reader, watch, expected } = self;
        let skipped = match reader.peek() {
            Some(b'{') => Members::open(reader, watch, expected).and_then(|mut members| members.skip_rest()),
            _ => Err(GaveUp),
        };
        reader.noted(skipped)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier struct map
    }
}

use handstamp_api_types::FieldError;
use serde::{Deserialize, Serialize};

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Order {
    pub(super) id: i64,
    pub(super) org_id: String,
    pub(super) item: String,
    pub(super) quantity: u32,
    /// The `sub` of whoever ordered.
    pub(super) buyer: String,
    /// Their name, where the profiles service could be asked.
    pub(super) buyer_name: Option<String>,
}

/// `POST /orders`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderRequest {
    item: String,
    #[serde(default = "one")]
    quantity: u32,
}

/// An order that can be taken as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewOrder {
    pub(super) item: String,
    pub(super) quantity: u32,
}

const MAX_ITEM: usize = 120;
const MAX_QUANTITY: u32 = 1000;

fn one() -> u32 {
    1
}

impl TryFrom<OrderRequest> for NewOrder {
    type Error = Vec<FieldError>;

    fn try_from(request: OrderRequest) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, detail: String| {
            errors.push(FieldError { pointer: pointer.to_owned(), detail });
        };
        let item = request.item.trim();
        if item.is_empty() || item.chars().count() > MAX_ITEM || item.chars().any(char::is_control) {
            wrong("/item", format!("write 1 to {MAX_ITEM} characters on one line"));
        }
        if !(1..=MAX_QUANTITY).contains(&request.quantity) {
            wrong("/quantity", format!("{} is not a number from 1 to {MAX_QUANTITY}", request.quantity));
        }
        if errors.is_empty() {
            Ok(Self { item: item.to_owned(), quantity: request.quantity })
        } else {
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NewOrder, OrderRequest};

    fn wrong_places(item: &str, quantity: u32) -> Vec<String> {
        let request = OrderRequest { item: item.to_owned(), quantity };
        NewOrder::try_from(request).err().into_iter().flatten().map(|error| error.pointer).collect()
    }

    #[test]
    fn an_order_is_an_item_and_a_number() {
        let request = OrderRequest { item: "  Desk lamp ".to_owned(), quantity: 6 };

        assert_eq!(NewOrder::try_from(request), Ok(NewOrder { item: "Desk lamp".to_owned(), quantity: 6 }));
    }

    #[test]
    fn every_wrong_place_is_named_at_once() {
        assert_eq!(wrong_places(" ", 0), ["/item", "/quantity"]);
        assert_eq!(wrong_places("a\nb", 1), ["/item"]);
        assert_eq!(wrong_places(&"a".repeat(121), 1), ["/item"]);
        assert_eq!(wrong_places("lamp", 1001), ["/quantity"]);
    }
}

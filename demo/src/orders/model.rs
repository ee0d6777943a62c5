use handstamp_api_types::FieldError;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::attachment::AttachmentInfo;

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
    #[serde(flatten)]
    pub(super) details: Details,
    /// What came with it; its content is at `/orders/{id}/attachment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attachment: Option<AttachmentInfo>,
}

/// What an order says beside what and how many; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Details {
    /// When it is needed: `2026-12-24`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) needed_by: Option<String>,
    /// Where to bring it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deliver_to: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
}

/// `POST /orders`, as JSON or as the fields of a form.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderRequest {
    pub(super) item: String,
    #[serde(default = "one")]
    pub(super) quantity: u32,
    #[serde(default)]
    pub(super) needed_by: Option<String>,
    #[serde(default)]
    pub(super) deliver_to: Option<String>,
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// An order that can be taken as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NewOrder {
    pub(super) item: String,
    pub(super) quantity: u32,
    pub(super) details: Details,
}

const MAX_ITEM: usize = 120;
const MAX_QUANTITY: u32 = 1000;
const MAX_DELIVER_TO: usize = 200;
const MAX_REASON: usize = 2000;

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
            wrong("/item", format!("Write 1 to {MAX_ITEM} characters on one line."));
        }
        if !(1..=MAX_QUANTITY).contains(&request.quantity) {
            wrong("/quantity", format!("{} is not a number from 1 to {MAX_QUANTITY}.", request.quantity));
        }
        let details = Details {
            needed_by: given(request.needed_by),
            deliver_to: given(request.deliver_to),
            reason: given(request.reason),
        };
        if details.needed_by.as_ref().is_some_and(|day| day.parse::<Date>().is_err()) {
            wrong("/needed_by", "Write a day like 2026-12-24.".to_owned());
        }
        if is_no_text(details.deliver_to.as_ref(), MAX_DELIVER_TO) {
            wrong("/deliver_to", format!("Write at most {MAX_DELIVER_TO} characters."));
        }
        if is_no_text(details.reason.as_ref(), MAX_REASON) {
            wrong("/reason", format!("Write at most {MAX_REASON} characters."));
        }
        if errors.is_empty() {
            Ok(Self { item: item.to_owned(), quantity: request.quantity, details })
        } else {
            Err(errors)
        }
    }
}

/// A field that was left empty was not filled in.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn is_no_text(text: Option<&String>, longest: usize) -> bool {
    let is_strange = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    text.is_some_and(|text| text.chars().count() > longest || text.chars().any(is_strange))
}

#[cfg(test)]
mod tests {
    use super::{Details, NewOrder, OrderRequest};

    fn lamp() -> OrderRequest {
        OrderRequest { item: "Desk lamp".to_owned(), quantity: 6, ..OrderRequest::default() }
    }

    fn wrong_places(request: OrderRequest) -> Vec<String> {
        NewOrder::try_from(request).err().into_iter().flatten().map(|error| error.pointer).collect()
    }

    #[test]
    fn an_order_is_an_item_and_a_number() {
        let request = OrderRequest { item: "  Desk lamp ".to_owned(), ..lamp() };

        let order = NewOrder { item: "Desk lamp".to_owned(), quantity: 6, details: Details::default() };
        assert_eq!(NewOrder::try_from(request), Ok(order));
    }

    #[test]
    fn what_was_left_empty_was_not_given() {
        let request =
            OrderRequest { needed_by: Some(String::new()), deliver_to: Some(" \n".to_owned()), ..lamp() };

        assert_eq!(NewOrder::try_from(request).map(|order| order.details), Ok(Details::default()));
    }

    #[test]
    fn every_wrong_place_is_named_at_once() {
        let request = |item: &str, quantity| OrderRequest { item: item.to_owned(), quantity, ..lamp() };
        assert_eq!(wrong_places(request(" ", 0)), ["/item", "/quantity"]);
        assert_eq!(wrong_places(request("a\nb", 1)), ["/item"]);
        assert_eq!(wrong_places(request(&"a".repeat(121), 1)), ["/item"]);
        assert_eq!(wrong_places(request("lamp", 1001)), ["/quantity"]);
        let details = OrderRequest {
            needed_by: Some("tomorrow".to_owned()),
            deliver_to: Some("a".repeat(201)),
            reason: Some("a\u{7}".to_owned()),
            ..lamp()
        };
        assert_eq!(wrong_places(details), ["/needed_by", "/deliver_to", "/reason"]);
    }
}

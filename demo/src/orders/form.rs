use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use handstamp_api_types::{ErrorCode, FieldError};
use http::{HeaderMap, header};

use super::attachment::{self, Attachment};
use super::model::{NewOrder, OrderRequest};
use crate::http::{JsonBody, ServiceError, body};

/// What a browser writes around the fields of a form, and the fields that are not the file.
const AROUND_THE_FILE: usize = 64 * 1024;

/// `POST /orders`: JSON, or a form with a file in it.
pub(super) struct OrderForm {
    pub(super) order: NewOrder,
    pub(super) attachment: Option<Attachment>,
}

impl<S: Send + Sync> FromRequest<S> for OrderForm {
    type Rejection = ServiceError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ServiceError> {
        let (request, attachment) = if is_form(request.headers()) {
            read_form(request).await?
        } else {
            let JsonBody(request) = JsonBody::from_request(request, state).await?;
            (request, None)
        };
        let order = NewOrder::try_from(request).map_err(ServiceError::Invalid)?;
        Ok(Self { order, attachment })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// Reads the whole form before it looks inside: it is small, and what is too large is refused before anything is kept.
async fn read_form(request: Request) -> Result<(OrderRequest, Option<Attachment>), ServiceError> {
    let (head, content) = request.into_parts();
    let content = body::read(content, attachment::MAX_SIZE + AROUND_THE_FILE).await?;
    let request = Request::from_parts(head, Body::from(content));
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|_| malformed("The form's boundary is missing."))?;
    let mut fields = Fields::default();
    while let Some(field) = form.next_field().await.map_err(|cause| broken(&cause))? {
        fields.take(field).await?;
    }
    fields.finish()
}

/// The fields so far.
#[derive(Default)]
struct Fields {
    seen: Vec<String>,
    order: OrderRequest,
    quantity: Option<String>,
    attachment: Option<Attachment>,
}

impl Fields {
    async fn take(&mut self, field: Field<'_>) -> Result<(), ServiceError> {
        let name = field.name().unwrap_or_default().to_owned();
        if self.seen.contains(&name) {
            return Err(invalid(&name, "This field stands here more than once."));
        }
        match name.as_str() {
            "item" => self.order.item = text(field).await?,
            "quantity" => self.quantity = Some(text(field).await?),
            "needed_by" => self.order.needed_by = Some(text(field).await?),
            "deliver_to" => self.order.deliver_to = Some(text(field).await?),
            "reason" => self.order.reason = Some(text(field).await?),
            "attachment" => self.attachment = file(field).await?,
            _ => return Err(invalid("", "There is a field that nobody asked for.")),
        }
        self.seen.push(name);
        Ok(())
    }

    fn finish(mut self) -> Result<(OrderRequest, Option<Attachment>), ServiceError> {
        self.order.quantity = match self.quantity.as_deref().map(str::trim) {
            None | Some("") => 1,
            Some(number) => number.parse().map_err(|_| invalid("quantity", "A whole number is expected."))?,
        };
        Ok((self.order, self.attachment))
    }
}

async fn text(field: Field<'_>) -> Result<String, ServiceError> {
    // Browsers write line ends of forms as CR LF whatever was typed (HTML, "constructing the entry list").
    Ok(field.text().await.map_err(|cause| broken(&cause))?.replace("\r\n", "\n"))
}

async fn file(field: Field<'_>) -> Result<Option<Attachment>, ServiceError> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let media_type = field.content_type().unwrap_or_default().to_owned();
    let content = field.bytes().await.map_err(|cause| broken(&cause))?;
    // A file input that nobody used sends an empty file without a name.
    if name.is_empty() && content.is_empty() {
        return Ok(None);
    }
    Attachment::new(&name, &media_type, content.into())
        .map(Some)
        .map_err(|error| ServiceError::Invalid(vec![error]))
}

fn broken(cause: &MultipartError) -> ServiceError {
    tracing::debug!(%cause, "a form could not be read");
    malformed("The form could not be read.")
}

fn malformed(detail: &str) -> ServiceError {
    ServiceError::Refused { code: ErrorCode::BodyMalformed, detail: detail.to_owned() }
}

fn invalid(field: &str, detail: &str) -> ServiceError {
    let pointer = if field.is_empty() { String::new() } else { format!("/{field}") };
    ServiceError::Invalid(vec![FieldError { pointer, detail: detail.to_owned() }])
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{FromRequest as _, Request};

    use super::OrderForm;
    use crate::http::ServiceError;

    /// Writes a form as a browser does: name, what stands behind it in its head, content.
    fn form(fields: &[(&str, &str, &str)]) -> Request {
        let written = fields.iter().map(|(name, more, content)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
        });
        let text: String = written.chain(["--b--\r\n".to_owned()]).collect();
        Request::post("/orders")
            .header("content-type", "multipart/form-data; boundary=b")
            .body(Body::from(text))
            .unwrap()
    }

    async fn read(request: Request) -> Result<OrderForm, ServiceError> {
        OrderForm::from_request(request, &()).await
    }

    const PNG: &str = "; filename=\"plan.png\"\r\nContent-Type: image/png";

    #[tokio::test]
    async fn a_form_with_a_file_is_an_order_with_an_attachment() {
        let fields = [
            ("item", "", "Shelf"),
            ("quantity", "", "2"),
            ("reason", "", "More\r\nbooks"),
            ("needed_by", "", ""),
            ("attachment", PNG, "\u{1}PNG"),
        ];

        let taken = read(form(&fields)).await.unwrap();

        assert_eq!((taken.order.item.as_str(), taken.order.quantity), ("Shelf", 2));
        assert_eq!(taken.order.details.reason.as_deref(), Some("More\nbooks"));
        assert_eq!(taken.order.details.needed_by, None);
        let file = taken.attachment.unwrap();
        assert_eq!((file.name.as_str(), file.media_type.as_str()), ("plan.png", "image/png"));
        assert_eq!(file.content, b"\x01PNG");
    }

    #[tokio::test]
    async fn a_file_input_that_nobody_used_is_no_attachment() {
        let unused = "; filename=\"\"\r\nContent-Type: application/octet-stream";

        let taken = read(form(&[("item", "", "Shelf"), ("attachment", unused, "")])).await.unwrap();

        assert_eq!(taken.attachment, None);
        assert_eq!(taken.order.quantity, 1);
    }

    #[tokio::test]
    async fn each_wrong_field_is_told_at_its_place() {
        for (fields, pointer) in [
            (vec![("item", "", "a"), ("item", "", "b")], "/item"),
            (vec![("item", "", "a"), ("quantity", "", "many")], "/quantity"),
            (vec![("item", "", "a"), ("org_id", "", "globex")], ""),
            (vec![("quantity", "", "1")], "/item"),
            (
                vec![
                    ("item", "", "a"),
                    ("attachment", "; filename=\"x.html\"\r\nContent-Type: text/html", "<p>"),
                ],
                "/attachment",
            ),
        ] {
            let Err(ServiceError::Invalid(errors)) = read(form(&fields)).await else {
                panic!("{fields:?} is not refused for what it says");
            };

            assert_eq!(errors[0].pointer, pointer, "{fields:?}");
        }
    }

    #[tokio::test]
    async fn half_a_form_is_malformed() {
        let half = "--b\r\nContent-Disposition: form-data; name=\"item\"\r\n\r\nShe";
        for content_type in ["multipart/form-data; boundary=b", "multipart/form-data"] {
            let request =
                Request::post("/orders").header("content-type", content_type).body(Body::from(half)).unwrap();

            let refused = read(request).await;

            assert!(matches!(refused, Err(ServiceError::Refused { .. })), "{content_type}");
        }
    }
}

package orders

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"handstamp.example/orders/internal/problem"
)

const (
	maxBody     = 16 << 10
	maxItem     = 120
	maxQuantity = 1000
)

// request is the body of POST /orders.
type request struct {
	Item     string `json:"item"`
	Quantity *int   `json:"quantity"`
}

// read returns the order that a request asks for.
func read(w http.ResponseWriter, r *http.Request) (Order, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return Order{}, problem.New(problem.UnsupportedMediaType)
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	var asked request
	err := decoder.Decode(&asked)
	if err == nil {
		// One value, and nothing behind it.
		if _, err = decoder.Token(); errors.Is(err, io.EOF) {
			return asked.order()
		}
		return Order{}, problem.Because(problem.BodyMalformed, err)
	}
	return Order{}, bodyProblem(err)
}

func bodyProblem(err error) error {
	var tooLarge *http.MaxBytesError
	var wrongType *json.UnmarshalTypeError
	const unknown = "json: unknown field "
	switch {
	case errors.As(err, &tooLarge):
		return problem.Because(problem.BodyTooLarge, err)
	case errors.As(err, &wrongType):
		return invalid(problem.FieldError{Pointer: pointer(wrongType.Field), Detail: "The value is not right."})
	case strings.HasPrefix(err.Error(), unknown):
		field := strings.Trim(strings.TrimPrefix(err.Error(), unknown), `"`)
		return invalid(problem.FieldError{Pointer: pointer(field), Detail: "There is no such member."})
	default:
		return problem.Because(problem.BodyMalformed, err)
	}
}

// order names every wrong place at once.
func (asked request) order() (Order, error) {
	var wrong []problem.FieldError
	order := Order{Item: strings.TrimSpace(asked.Item), Quantity: 1}
	if order.Item == "" || utf8.RuneCountInString(order.Item) > maxItem || strings.ContainsFunc(order.Item, unicode.IsControl) {
		wrong = append(wrong, problem.FieldError{Pointer: "/item", Detail: fmt.Sprintf("Write 1 to %d characters on one line.", maxItem)})
	}
	if asked.Quantity != nil {
		order.Quantity = *asked.Quantity
	}
	if order.Quantity < 1 || order.Quantity > maxQuantity {
		wrong = append(wrong, problem.FieldError{Pointer: "/quantity", Detail: fmt.Sprintf("Write a number from 1 to %d.", maxQuantity)})
	}
	if wrong != nil {
		return Order{}, invalid(wrong...)
	}
	return order, nil
}

func invalid(wrong ...problem.FieldError) error {
	return &problem.Error{Code: problem.ValidationFailed, Errors: wrong}
}

// pointer writes a member's name as a JSON Pointer (RFC 6901); the whole document is "".
func pointer(field string) string {
	if field == "" {
		return ""
	}
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(field)
}

// Package problem tells errors as the auth service does: application/problem+json (RFC 9457) with a stable code, and the
// challenge of RFC 6750.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
)

// Code is what clients branch on.
type Code string

// The codes of this service. docs/reference/errors.md has them all.
const (
	TokenMissing         Code = "token_missing"
	TokenMalformed       Code = "token_malformed"
	TokenExpired         Code = "token_expired"
	TokenRevoked         Code = "token_revoked"
	TokenStale           Code = "token_stale"
	TokenInvalid         Code = "token_invalid"
	CSRFRejected         Code = "csrf_rejected"
	RoleRequired         Code = "role_required"
	CallerMismatch       Code = "caller_mismatch"
	OrgMismatch          Code = "org_mismatch"
	ValidationFailed     Code = "validation_failed"
	BodyMalformed        Code = "body_malformed"
	BodyTooLarge         Code = "body_too_large"
	UnsupportedMediaType Code = "unsupported_media_type"
	NotFound             Code = "not_found"
	Unavailable          Code = "unavailable"
	Internal             Code = "internal"
)

var meaning = map[Code]struct {
	status int
	title  string
}{
	TokenMissing:         {http.StatusUnauthorized, "No credentials were sent."},
	TokenMalformed:       {http.StatusUnauthorized, "What was sent is not a token."},
	TokenExpired:         {http.StatusUnauthorized, "The token has expired."},
	TokenRevoked:         {http.StatusUnauthorized, "The token was revoked."},
	TokenStale:           {http.StatusUnauthorized, "Roles or organisation changed since this token was issued."},
	TokenInvalid:         {http.StatusUnauthorized, "The token is not valid here."},
	CSRFRejected:         {http.StatusForbidden, "The request did not come from an allowed origin."},
	RoleRequired:         {http.StatusForbidden, "A role is missing for this."},
	CallerMismatch:       {http.StatusForbidden, "This is for another kind of caller."},
	OrgMismatch:          {http.StatusForbidden, "This belongs to another organisation."},
	ValidationFailed:     {http.StatusUnprocessableEntity, "The request is not valid."},
	BodyMalformed:        {http.StatusBadRequest, "The body could not be read."},
	BodyTooLarge:         {http.StatusRequestEntityTooLarge, "The body is too large."},
	UnsupportedMediaType: {http.StatusUnsupportedMediaType, "Send the body as application/json."},
	NotFound:             {http.StatusNotFound, "There is nothing here."},
	Unavailable:          {http.StatusServiceUnavailable, "The service cannot answer just now. Try again."},
	Internal:             {http.StatusInternalServerError, "Something went wrong on our side."},
}

// FieldError names a wrong place in a body, by a JSON Pointer.
type FieldError struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Error is what a request is refused with.
type Error struct {
	Code   Code
	Detail string
	Errors []FieldError
	// Cause is for the log; clients never see it.
	Cause error
}

// New returns a refusal with nothing to add to its code.
func New(code Code) *Error { return &Error{Code: code} }

// Because returns a refusal whose cause is worth a line in the log.
func Because(code Code, cause error) *Error { return &Error{Code: code, Cause: cause} }

// Detailf returns a refusal that says more about this one occurrence.
func Detailf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Code, e.Cause)
	}
	return string(e.Code)
}

func (e *Error) Unwrap() error { return e.Cause }

// Write answers a request with an error. What is no [*Error] was not expected, and says nothing about itself.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	var problem *Error
	if !errors.As(err, &problem) {
		problem = Because(Internal, err)
	}
	is := meaning[problem.Code]
	if is.status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "a request failed", "path", r.URL.Path, "error", problem)
	}
	header := w.Header()
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	if challenge := problem.challenge(is.status); challenge != "" {
		header.Set("WWW-Authenticate", challenge)
	}
	if is.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	}
	w.WriteHeader(is.status)
	// The status is sent: a client that is gone by now cannot be told anything else.
	_ = json.NewEncoder(w).Encode(struct {
		Status int          `json:"status"`
		Code   Code         `json:"code"`
		Title  string       `json:"title"`
		Detail string       `json:"detail,omitempty"`
		Errors []FieldError `json:"errors,omitempty"`
	}{is.status, problem.Code, is.title, problem.Detail, problem.Errors})
}

const retryAfterSeconds = 1

// challenge returns what goes into WWW-Authenticate (RFC 6750 §3), where the refusal is about credentials.
func (e *Error) challenge(status int) string {
	switch e.Code {
	case TokenMissing:
		return "Bearer"
	case RoleRequired, CallerMismatch, OrgMismatch:
		return fmt.Sprintf(`Bearer error="insufficient_scope", error_description="%s"`, e.Code)
	}
	if status == http.StatusUnauthorized {
		return fmt.Sprintf(`Bearer error="invalid_token", error_description="%s"`, e.Code)
	}
	return ""
}

package sideroom

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Reason is the stable name of an error: programs look at it, with errors.Is or in Error.
type Reason string

// Error makes a reason a target of errors.Is.
func (reason Reason) Error() string { return string(reason) }

// Reasons of the SDK's own.
const (
	// ReasonNoAnswer: no answer came. Whether the call took effect is not known; the same call with the same RequestID
	// finds out.
	ReasonNoAnswer Reason = "NoAnswer"
	// ReasonBadAnswer: an answer that is not one of Sideroom's. Check the URL, and what is in between.
	ReasonBadAnswer Reason = "BadAnswer"
)

const codeUnavailable = "UNAVAILABLE"

// Error is a call that failed. If the server answered it, it has changed nothing.
type Error struct {
	// Method is such as `RoomService/CreateRoom`.
	Method string
	// Code is the gRPC code by name, such as `FAILED_PRECONDITION`.
	Code    string
	Reason  Reason
	Message string
	// Status is that of HTTP; 0: no answer came.
	Status int
	// The codes of the two dialects; 0: none.
	EnablexCode, AcsCode, AcsSubcode int
	// CurrentEpoch is where the room is by now, with EpochMismatch.
	CurrentEpoch *uint64
	// Line is that of the offer, with BadOffer.
	Line int
	// RetryAfter is when to try again, with RateLimited.
	RetryAfter time.Duration

	cause error
}

func (e *Error) Error() string {
	return fmt.Sprintf("sideroom: %s: %s (%s)", e.Method, e.Message, e.Reason)
}

// Unwrap returns what went wrong below, such as context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.cause }

// Is compares reasons.
func (e *Error) Is(target error) bool {
	reason, ok := target.(Reason)
	return ok && reason == e.Reason
}

// repeatable says that another try may help: the server says so, or no answer came. Calls that change something carry
// a request id, so that one which did happen is answered again and not done twice.
func (e *Error) repeatable() bool {
	return e.Code == codeUnavailable || e.Reason == ReasonRateLimited
}

func noAnswer(method string, cause error) *Error {
	return &Error{Method: method, Code: codeUnavailable, Reason: ReasonNoAnswer, Message: cause.Error(), cause: cause}
}

func badAnswer(method string, status int, cause error) *Error {
	message := "the answer cannot be read: " + cause.Error()
	return &Error{Method: method, Code: "UNKNOWN", Reason: ReasonBadAnswer, Message: message, Status: status, cause: cause}
}

// wireError is the error of an answer as it is written.
type wireError struct {
	Code, Reason, Message            string
	EnablexCode, AcsCode, AcsSubcode int
	CurrentEpoch                     string
	Line                             int
	RetryAfterMs                     int64
}

// errorFrom makes the error that an answer says. A proxy's 502, 503 or 504 is one that can be repeated.
func errorFrom(method string, status int, body []byte) *Error {
	var said struct{ Error *wireError }
	if err := json.Unmarshal(body, &said); err != nil || said.Error == nil {
		made := badAnswer(method, status, errors.New("HTTP "+strconv.Itoa(status)+" without an error of Sideroom's"))
		if status >= 502 && status <= 504 {
			made.Code = codeUnavailable
		}
		return made
	}
	return said.Error.made(method, status)
}

func (said *wireError) made(method string, status int) *Error {
	made := &Error{
		Method:      method,
		Code:        said.Code,
		Reason:      Reason(said.Reason),
		Message:     said.Message,
		Status:      status,
		EnablexCode: said.EnablexCode,
		AcsCode:     said.AcsCode,
		AcsSubcode:  said.AcsSubcode,
		Line:        said.Line,
		RetryAfter:  time.Duration(said.RetryAfterMs) * time.Millisecond,
	}
	if epoch, err := strconv.ParseUint(said.CurrentEpoch, 10, 64); err == nil {
		made.CurrentEpoch = &epoch
	}
	return made
}

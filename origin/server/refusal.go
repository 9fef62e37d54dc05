package server

import "log/slog"

// retryAfter is how many seconds a client that met a full queue should wait.
const retryAfter = "2"

// Refused does what goes with an answer that is an error, whatever its form: the dialect writes that afterwards. What is a
// fault of ours is logged, by the path without its query, where credentials travel; what may be over soon says when to come
// again; and of a body that is too large the rest is not waited for.
func (r *Request) Refused(log *slog.Logger, status int, err error) {
	if status >= 500 {
		log.Error("a request failed", "method", r.Method(), "path", r.Path(), "status", status, "error", err)
	}
	switch status {
	case 413:
		r.Hangup()
	case 503:
		r.SetHeader("Retry-After", retryAfter)
	}
}

// Package session groups events into sessions.
package session

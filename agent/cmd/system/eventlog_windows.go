package system

import (
	"strings"

	"github.com/rs/zerolog"
	"golang.org/x/sys/windows/svc/eventlog"
)

// maxEvent bounds the text of an entry in bytes; Windows takes 31,839 characters.
const maxEvent = 30000

// OpenEventLog returns a sink to the Application log under the service's name. It always works: what cannot
// be written there is in the log file.
func OpenEventLog(source string) (EventSink, func()) {
	l, err := eventlog.Open(source)
	if err != nil {
		return func(zerolog.Level, uint32, string) {}, func() {}
	}
	sink := func(level zerolog.Level, id uint32, text string) {
		text = strings.ReplaceAll(strings.ReplaceAll(text, "\x00", ""), "\n", "\r\n")
		if len(text) > maxEvent {
			text = strings.ToValidUTF8(text[:maxEvent], "") + " ... (the log file has all of it)"
		}
		switch level {
		case zerolog.InfoLevel:
			_ = l.Info(id, text)
		case zerolog.WarnLevel:
			_ = l.Warning(id, text)
		default:
			_ = l.Error(id, text)
		}
	}
	return sink, func() { _ = l.Close() }
}

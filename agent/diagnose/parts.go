package diagnose

import (
	"reflect"
	"runtime"
)

// copy copies what is allowed of a part; nil where there is none.
func (m masker) copy(part any) any { return m.value(reflect.ValueOf(part), "", "") }

func (m masker) program(s Source) object {
	o := object{"version": plain(s.Version), "commit": plain(s.Commit), "go": plain(runtime.Version()), "system": runtime.GOOS + "/" + runtime.GOARCH,
		"kernel": plain(kernel()), "processors": runtime.NumCPU(), "machine": m.copy(s.Limits), "disk": m.copy(s.Disk)}
	if v := s.Internals; v != nil {
		o["memory"] = object{"heap": v.HeapBytes, "stack": v.StackBytes, "total": v.TotalBytes}
	}
	return o
}

// word counts by words of the program.
type word string

// journal is how the journal stands.
func (m masker) journal(s Source) any {
	parked := map[word]int64{}
	for c, n := range s.ParkedBy {
		parked[word(code(c))] += n
	}
	return object{"file": m.copy(s.Inspection), "counts": m.copy(s.Summary), "parkedBy": m.copy(parked)}
}

// settings are the variables of the environment that matter; their values are not told.
var settings = []string{"INBASKET_CONFIG", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "INVOCATION_ID", "GOMEMLIMIT", "GOGC", "GODEBUG", "GOMAXPROCS",
	"TZ", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "TNS_ADMIN", "PGSSLMODE"}

func environmentOf(s Source) object {
	out := object{}
	for _, name := range settings {
		out[name] = s.Getenv != nil && s.Getenv(name) != ""
	}
	return out
}

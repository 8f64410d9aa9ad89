package diagnose

import (
	"encoding/hex"
	"runtime"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
	"github.com/inbasket/inbasket/agent/doctor"
	"github.com/inbasket/inbasket/agent/journal"
)

type object = map[string]any

func programOf(s Source) object {
	o := object{"version": plain(s.Version), "commit": plain(s.Commit), "go": plain(runtime.Version()), "system": runtime.GOOS + "/" + runtime.GOARCH,
		"kernel": plain(kernel()), "processors": runtime.NumCPU(),
		"machine": object{"memory": s.Limits.MemorySize, "memoryFree": s.Limits.MemoryFree, "memoryOfService": s.Limits.MemoryOfService, "openFiles": s.Limits.OpenFiles},
		"disk": object{"free": s.Disk.Free, "size": s.Disk.Size, "freeInodes": s.Disk.Files, "inodes": s.Disk.Inode, "readOnly": s.Disk.ReadOnly,
			"network": plain(s.Disk.Network)}}
	if v := s.Internals; v != nil {
		o["memory"] = object{"heap": v.HeapBytes, "stack": v.StackBytes, "total": v.TotalBytes}
	}
	return o
}

func statusOf(s Source, a *aliases) object {
	if s.Status == nil {
		return nil
	}
	st := s.Status
	o := object{"running": st.Running, "version": plain(st.Version), "started": st.Started, "loaded": st.Loaded, "epoch": st.Epoch, "states": states(st.States),
		"orphans": st.Orphans, "parkedResults": st.ParkedResults, "journal": troubleOf(st.Journal),
		"held": troubleOf(st.Held), "backup": st.Backup}
	var stuck []any
	for _, t := range st.Stuck {
		stuck = append(stuck, troubleOf(&t))
	}
	o["stuck"] = stuck
	var list []object
	for _, t := range st.Targets {
		one := object{"name": a.of(target, t.Name), "type": plain(t.Type), "circuit": plain(t.Circuit), "paused": t.Paused, "guarantee": plain(t.Guarantee),
			"open": t.Open, "parked": t.Parked, "oldest": t.Oldest, "delivered": t.Delivered, "trouble": troubleOf(t.Trouble)}
		if b := t.Batch; b != nil {
			one["batch"] = object{"count": b.Count, "size": b.Size, "closesAt": b.ClosesAt, "lastSeq": b.LastSeq, "sealed": b.Sealed}
		}
		list = append(list, one)
	}
	o["targets"] = list
	o["inbaskets"], o["results"] = sourcesOf(st.Inbaskets, inbasket, a), sourcesOf(st.Results, source, a)
	var offices []object
	for _, x := range st.FrontOffices {
		offices = append(offices, object{"name": a.of(office, x.Name), "push": plain(x.Push), "backlog": x.Backlog, "trouble": troubleOf(x.Trouble)})
	}
	o["frontOffices"] = offices
	o["routes"] = routesOf(st.Routes, a)
	var notices []object
	for _, n := range st.Notices {
		notices = append(notices, object{"at": n.At, "code": code(n.Code), "count": n.Count})
	}
	o["notices"] = notices
	return o
}

func sourcesOf(list []control.SourceStatus, kind string, a *aliases) (out []object) {
	for _, x := range list {
		out = append(out, object{"name": a.of(kind, x.Name), "type": plain(x.Type), "taken": x.Taken, "last": x.Last, "trouble": troubleOf(x.Trouble)})
	}
	return out
}

func routesOf(list []journal.RouteSummary, a *aliases) (out []object) {
	for _, r := range list {
		out = append(out, object{"name": a.of(route, r.Route), "states": states(r.States), "oldest": r.Oldest})
	}
	return out
}

func troubleOf(t *control.Trouble) any {
	if t == nil {
		return nil
	}
	return object{"code": code(t.Code), "since": t.Since, "retryAt": t.RetryAt, "count": t.Count}
}

func states(in map[journal.State]int64) object {
	out := object{}
	for s, n := range in {
		out[plain(string(s))] = n
	}
	return out
}

func journalOf(s Source, a *aliases) object {
	i := s.Inspection
	if i == nil {
		return nil
	}
	o := object{"version": i.Version, "known": i.Known, "size": i.Size, "log": i.Log, "locked": i.Locked, "epoch": i.Epoch, "newest": i.Newest, "held": i.Held, "damaged": i.Damage != ""}
	var plans []object
	for _, p := range i.Plans {
		if s.Names {
			a.allow(p.Name)
		}
		plans = append(plans, object{"name": a.of(plan, p.Name), "version": p.Version, "digest": hex.EncodeToString(p.Digest[:]), "size": len(p.Bundle), "open": p.Open})
	}
	o["mappings"] = plans
	if sum := s.Summary; sum != nil {
		o["states"], o["routes"], o["orphans"], o["parkedResults"] = states(sum.States), routesOf(sum.Routes, a), sum.Orphans, sum.ParkedResults
	}
	parked := object{}
	for c, n := range s.ParkedBy {
		parked[code(c)] = n
	}
	o["parkedBy"] = parked
	return o
}

func historyOf(s Source, a *aliases) (out []object) {
	for _, h := range s.History {
		one := object{"at": h.At, "id": h.ID.String(), "what": kindOf(h.What)}
		if h.Target != "" {
			one["target"] = a.any(h.Target)
		}
		if h.Code != "" {
			one["code"] = code(h.Code)
		}
		out = append(out, one)
	}
	return out
}

// kindOf returns what a line of the history is about; its words are those of the program.
func kindOf(what string) string {
	for _, r := range what {
		if (r < 'a' || r > 'z') && r != ' ' {
			return "other"
		}
	}
	if len(what) > 30 {
		return "other"
	}
	return what
}

func findingsOf(s Source, a *aliases) object {
	if s.Examination == nil {
		return nil
	}
	var list []object
	for _, f := range s.Examination.Findings {
		one := object{"area": plain(f.Area), "level": plain(string(f.Level))}
		if f.Code != "" {
			one["code"] = code(f.Code)
		}
		if f.Subject != "" {
			first, _, _ := strings.Cut(f.Subject, " ") // such as "permits done"
			one["subject"] = a.any(first)
		}
		list = append(list, one)
	}
	return object{"at": s.Examination.At, "inside": s.Examination.Inside, "findings": list}
}

func serviceOf(s Source) object {
	v := s.Service
	if v == nil {
		return nil
	}
	return object{"manager": plain(v.Manager), "installed": v.Installed, "enabled": v.Enabled, "running": v.Running, "detail": plain(v.Detail),
		"differences": len(v.Drift), "account": accountKind(v), "definition": v.Definition != ""}
}

// accountKind says only whether the account is the usual one.
func accountKind(v *doctor.Service) string {
	switch v.Account {
	case "":
		return "unknown"
	case "inbasket", "root":
		return v.Account
	}
	return "another"
}

// settings are the variables of the environment that matter; their values are not told.
func settings() []string {
	return []string{"INBASKET_CONFIG", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_USEC", "INVOCATION_ID", "GOMEMLIMIT", "GOGC", "GODEBUG", "GOMAXPROCS",
		"TZ", "LANG", "LC_ALL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "TNS_ADMIN", "PGSSLMODE"}
}

func environmentOf(s Source) object {
	out := object{}
	if s.Getenv == nil {
		return out
	}
	for _, name := range settings() {
		out[name] = s.Getenv(name) != ""
	}
	return out
}

package monitor

import (
	"fmt"
	"io"
	"strings"
)

// prefix begins the name of every metric of the agent.
const prefix = "inbasket_"

// Definition describes one metric. Labels hold configured names, codes and fixed words only, never
// anything of a form.
type Definition struct {
	Name    string // without prefix
	Counter bool   // else a gauge
	asked   bool   // a counter of the snapshot: something else counts it
	Labels  []string
	Help    string
}

// Definitions returns all metrics of the agent, in the order of docs.
func Definitions() []Definition {
	return []Definition{
		gauge("info", "1; the label is the program's version.", "version"),
		gauge("config_loaded_timestamp_seconds", "When the configuration in force was loaded."),
		gauge("config_reload_ok", "1 unless the last reload was refused; the configuration before it is in force then."),
		gauge("stuck", "Loops of the agent that do one thing of its own for far too long; the service manager restarts it."),
		gauge("hung", "Calls into other systems that do not end though their time is over."),
		gauge("held", "1 while a journal that was restored from a backup waits for an operator; nothing is taken or delivered meanwhile."),
		gauge("last_backup_timestamp_seconds", "When the last backup was made and verified; 0: never."),
		counter("notices_total", "Notices to the operator, by code.", "code"),

		counter("accepted_total", "Forms taken from in-baskets by verdict: taken, repeat, conflict, refused, released.", "inbasket", "verdict"),
		counter("http_requests_total", "Answers of the front-office API.", "operation", "status"),
		counter("http_wrong_tokens_total", "Requests with a token that is not valid."),
		gauge("http_connections", "Connections of the front-office API: with a token, or strange ones without.", "who"),
		gauge("http_connections_limit", "How many there may be at once."),
		counter("http_connections_ended_total", "Connections that had to go for others: strange or idle ones, when all places were taken or one address had too many."),

		gauge("source_up", "1 unless an in-basket, a source of results or a push channel is in trouble. The kind is in-basket, results or front office.", "kind", "source"),

		gauge("submissions", "Submissions by state.", "state", "route"),
		gauge("route_oldest_seconds", "Age of the oldest submission that is not delivered, parked ones included; 0 without one.", "route"),
		gauge("parked", "Submissions that wait for a person."),
		gauge("parked_by_code", "The same by why; of more than 10,000 the oldest are counted.", "code"),

		counter("purged_total", "Submissions that were purged: retention ended, or an operator said so."),

		gauge("target_open", "Deliveries that are not done.", "target"),
		gauge("target_oldest_seconds", "Age of the oldest delivery that is not done; 0 without one. Parked ones do not count.", "target"),
		gauge("target_parked", "Deliveries that wait for a person.", "target"),
		gauge("target_paused", "1 while an operator has paused the target.", "target"),
		gauge("target_circuit", "1 for the state that the target's circuit is in: closed is good, open means that it failed, half-open that it is tried again.", "target", "state"),
		gauge("batches_open", "Sealed batches that are not delivered.", "target"),
		counter("outcomes_total", "Deliveries tried, by how they ended: written, transient, item, target, uncertain.", "target", "class"),

		counter("results_total", "Results taken, by verdict.", "source", "verdict"),
		gauge("results_orphans", "Results that match no submission."),
		gauge("results_parked", "Results that wait for a person."),

		gauge("office_waiting", "Events that the front office has not acknowledged, or that could not be pushed to it yet; at most 100,000 are counted.", "office"),
		gauge("office_oldest_seconds", "Age of the oldest of them; 0 without one.", "office"),
		gauge("office_quota", "What a front office may send: bytes-per-day, open.", "office", "what"),
		gauge("office_quota_used", "What it has sent of that.", "office", "what"),
		counter("office_over_quota_total", "Requests that were refused as too many: rate, bytes-per-day, open.", "office", "what"),
		gauge("pushes_failing", "Events whose push failed and is tried again.", "office"),
		counter("pushes_total", "Events pushed, by how it ended.", "office", "class"),
		counter("pushes_given_up_total", "Events that are not pushed any more; the front office can still read them.", "office"),

		gauge("certificate_expiry_timestamp_seconds", "Until when a certificate is valid: the agent's own, or the peer's as it was last seen.", "of", "whose"),

		gauge("disk_free_bytes", "Free bytes of the disk that a folder lies on.", "folder"),
		gauge("disk_size_bytes", "Size of that disk.", "folder"),

		gauge("journal_up", "1 while the journal can be read."),
		gauge("journal_writable", "1 unless the last write failed, as on a full disk; nothing is accepted then."),
		gauge("journal_epoch", "Raised each time a journal is restored from a backup."),
		gauge("journal_bytes", "Size of the journal's files: database, log.", "file"),
	}
}

func gauge(name, help string, labels ...string) Definition {
	return Definition{Name: name, Labels: labels, Help: help}
}

func counter(name, help string, labels ...string) Definition {
	return Definition{Name: name, Counter: true, Labels: labels, Help: help}
}

// Reference writes the page of docs about all metrics.
func Reference(w io.Writer) {
	fmt.Fprint(w, `# Metrics

<!-- Made by "go generate ./agent/cmd/inbasket"; do not edit. -->

The monitor address serves them at `+"`/metrics`"+` for Prometheus. A dashboard and alerts are ready, see
[operate.md](../operate.md#watch). Besides these there are the usual `+"`go_*` and `process_*`"+` ones. Labels hold configured names,
codes and fixed words, never anything of a form. Counters start at 0 with the agent.

| metric | labels | kind | what it says |
|---|---|---|---|
`)
	for _, d := range Definitions() {
		kind := "gauge"
		if d.Counter {
			kind = "counter"
		}
		labels := ""
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		fmt.Fprintf(w, "| `%s%s` | %s | %s | %s |\n", prefix, d.Name, labels, kind, d.Help)
	}
}

package recovery

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/inbasket/inbasket/agent/audit"
	"github.com/inbasket/inbasket/agent/control"
)

const (
	// ordersShown bounds how many orders a report lists: the last ones.
	ordersShown = 1000
	// asidesRead bounds how many restores are followed that were made one over the other.
	asidesRead = 20
	// actionRestore is what package backup calls a restore in the audit log.
	actionRestore = "restore"
)

// repeatable are the orders that a restored journal has forgotten and that nothing else brings back: neither the
// targets nor what parks again.
var repeatable = []string{"attach", "confirm", "decide", "drop-result", "pause", "purge", "redeliver", "reject", "resume", "void"}

// forgottenOrders lists what people ordered after the backup was made, oldest first, from the audit logs that
// restores moved aside. A log that is not there or cannot be read tells nothing.
func forgottenOrders(ctx context.Context, state string) (list []control.RestoredOrder) {
	own := filepath.Join(state, audit.Folder)
	restores, err := audit.Read(ctx, own, audit.Filter{Action: actionRestore, Last: 1})
	if err != nil || len(restores) == 0 {
		return nil
	}
	for n := 0; n < asidesRead && n < len(restores); n++ {
		entries := continued(ctx, state, restores[n])
		failed := map[string]bool{}
		for _, e := range entries {
			if strings.HasSuffix(e.Action, audit.FailedSuffix) {
				failed[e.Details["entry"]] = true
			}
		}
		var orders []control.RestoredOrder
		for _, e := range entries {
			if e.Action == actionRestore {
				restores = append(restores, e)
			}
			if !slices.Contains(repeatable, e.Action) || failed[strconv.FormatInt(e.N, 10)] || e.Action == "purge" && e.Object == "" {
				continue // a purge without names is made again by retention
			}
			orders = append(orders, control.RestoredOrder{At: e.At, Who: e.Who, Action: e.Action, Object: e.Object, Details: e.Details})
		}
		list = append(orders, list...)
	}
	return list[max(len(list)-ordersShown, 0):]
}

// continued returns the entries of the log that a restore moved aside which are not in the one that came out of the
// backup.
func continued(ctx context.Context, state string, restore audit.Entry) []audit.Entry {
	aside := restore.Details["aside"]
	if aside == "" || filepath.Base(aside) != aside {
		return nil
	}
	dir := filepath.Join(state, aside, audit.Folder)
	list, err := audit.Read(ctx, dir, audit.Filter{After: restore.N - 2})
	if err != nil {
		return nil
	}
	if len(list) > 0 && list[0].N == restore.N-1 && list[0].Hash == restore.Prev {
		return list[1:]
	}
	if list, err = audit.Read(ctx, dir, audit.Filter{}); err != nil { // of another history, such as a new start on an empty disk
		return nil
	}
	return list
}

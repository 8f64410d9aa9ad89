package agent

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/inbasket/inbasket/agent/control"
)

func (o audited) Backup(ctx context.Context, r control.BackupRequest, w io.Writer) error {
	return o.carryOut(ctx, r.By, "backup", "", nil, func() error { return o.Operator.Backup(ctx, r, w) })
}

func (o audited) BackedUp(ctx context.Context, r control.BackedUpRequest) error {
	d := map[string]string{"made": r.Made.UTC().Format("2006-01-02T15:04:05Z")}
	return o.carryOut(ctx, r.By, "backup-verified", "", d, func() error { return o.Operator.BackedUp(ctx, r) })
}

func (o audited) Restored(ctx context.Context, r control.RestoredRequest) (out control.Restored, err error) {
	if !r.Again {
		return o.Operator.Restored(ctx, r)
	}
	return out, o.carryOut(ctx, r.By, "restored-again", "", nil, func() error { out, err = o.Operator.Restored(ctx, r); return err })
}

func (o audited) EndHold(ctx context.Context, r control.EndHoldRequest) (out control.Restored, err error) {
	var seqs []string
	for _, target := range slices.Sorted(maps.Keys(r.Seqs)) {
		seqs = append(seqs, fmt.Sprintf("%s=%d", target, r.Seqs[target]))
	}
	d := map[string]string{"seq": strings.Join(seqs, " "), "accept-seq": strings.Join(r.AcceptSeq, " "), "trust-absent": strings.Join(r.TrustAbsent, " "),
		"without-evidence": strings.Join(r.WithoutEvidence, " ")}
	return out, o.carryOut(ctx, r.By, "restored-release", "", d, func() error { out, err = o.Operator.EndHold(ctx, r); return err })
}

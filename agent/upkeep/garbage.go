package upkeep

import (
	"context"
	"time"

	"github.com/inbasket/inbasket/agent/content"
	"github.com/inbasket/inbasket/agent/journal/purging"
	"github.com/inbasket/inbasket/connectors"
)

const (
	garbagePage = 16 << 10       // pieces of content that one reading of all references looks for
	garbageAge  = time.Hour      // content that was purged, and was not put again since
	unusedAge   = 24 * time.Hour // content that nothing ever referred to, such as that of a post that was refused
	storeParts  = 8              // of the content store: one a day
)

// collect removes the content of what is purged, as far as nothing else refers to it. What may not be removed yet
// is left for the next time.
func (s *Service) collect(ctx context.Context) (removed, later int64, err error) {
	cutoff, err := s.Content.Cutoff(garbageAge)
	if err != nil {
		return 0, 0, err
	}
	var after connectors.Digest
	for {
		list, err := purging.Of(s.Journal).Garbage(ctx, after, garbagePage)
		if err != nil || len(list) == 0 {
			return removed, later, err
		}
		after = list[len(list)-1]
		unused, err := purging.Of(s.Journal).Unreferenced(ctx, list)
		if err != nil {
			return removed, later, err
		}
		left, n, err := s.removeOlder(ctx, unused, cutoff)
		removed, later = removed+n, later+int64(len(left))
		if err != nil {
			return removed, later, err
		}
		done := make([]connectors.Digest, 0, len(list))
		for _, d := range list {
			if !left[d] {
				done = append(done, d)
			}
		}
		if err := purging.Of(s.Journal).Collected(ctx, done); err != nil {
			return removed, later, err
		}
	}
}

// removeOlder removes content that was not put since a cutoff, and returns what it had to leave: what is too
// young, is held by a backup, or cannot be removed now.
func (s *Service) removeOlder(ctx context.Context, digests []connectors.Digest, cutoff time.Time) (left map[connectors.Digest]bool, removed int64, err error) {
	left = map[connectors.Digest]bool{}
	for _, d := range digests {
		if err := ctx.Err(); err != nil {
			return left, removed, err
		}
		there := s.Content.Has(d)
		gone, err := s.Content.RemoveOlder(d, cutoff)
		switch {
		case err != nil: // such as one that is being read, on Windows
			left[d] = true
			s.Log.Warn().Str("code", content.CodeUnavailable).Err(err).Msg("content that is not needed any more cannot be removed yet")
		case !gone:
			left[d] = true
		case there:
			removed++
		}
	}
	return left, removed, nil
}

// unreferenced removes content that nothing refers to, in one part of the store.
func (s *Service) unreferenced(ctx context.Context, part int) (removed int64, err error) {
	cutoff, err := s.Content.Cutoff(unusedAge)
	if err != nil {
		return 0, err
	}
	var page []connectors.Digest
	sweep := func() error {
		unused, err := purging.Of(s.Journal).Unreferenced(ctx, page)
		if err != nil {
			return err
		}
		page = page[:0]
		_, n, err := s.removeOlder(ctx, unused, cutoff)
		removed += n
		return err
	}
	err = s.Content.WalkPart(ctx, part, storeParts, func(d connectors.Digest, _ int64) error {
		if page = append(page, d); len(page) < garbagePage {
			return nil
		}
		return sweep()
	})
	if err == nil && len(page) > 0 {
		err = sweep()
	}
	return removed, err
}

package intake

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place"
	"github.com/inbasket/inbasket/connectors/files/place/local"
)

// NewFolder opens an in-basket folder; the folder itself is first touched by Next.
func NewFolder(env connectors.Env, cfg rules.FolderConfig) (*Inbasket, error) {
	return forms(folder(env, cfg))
}

// NewFolderAnswers opens a folder of answer files; the folder itself is first touched by Next.
func NewFolderAnswers(env connectors.Env, cfg rules.FolderConfig) (*Answers, error) {
	return answers(folder(env, cfg))
}

// NewRemote opens an in-basket behind a network. It connects when first used.
func NewRemote[C any, P place.Remote[C]](env connectors.Env, cfg rules.RemoteConfig[C, P]) (*Inbasket, error) {
	return forms(remote(env, cfg))
}

// NewRemoteAnswers opens a folder of answer files behind a network. It connects when first used.
func NewRemoteAnswers[C any, P place.Remote[C]](env connectors.Env, cfg rules.RemoteConfig[C, P]) (*Answers, error) {
	return answers(remote(env, cfg))
}

func forms(s *source, err error) (*Inbasket, error) { return &Inbasket{s}, err }

func answers(s *source, err error) (*Answers, error) {
	if err == nil {
		s.answers = true
	}
	return &Answers{s}, err
}

func folder(env connectors.Env, cfg rules.FolderConfig) (*source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	dir := env.Path(cfg.Path)
	in := cfg.Rules
	in.After.Move, in.Errors = rules.Below(dir, in.After.Move), rules.Below(dir, in.Errors)
	s := newSource(env, in, &local.Place{Dir: dir, Durable: cfg.Sync, Leases: in.Marker == ""}, "", dir)
	s.events, s.sync = cfg.Events, cfg.Sync
	return s, nil
}

func remote[C any, P place.Remote[C]](env connectors.Env, cfg rules.RemoteConfig[C, P]) (*source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	at := P(&cfg.Place)
	server, dir := at.Shown()
	return newSource(env, cfg.Rules, at.Open(env, false), server, dir), nil
}

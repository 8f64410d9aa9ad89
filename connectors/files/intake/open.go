package intake

import (
	"github.com/inbasket/inbasket/connectors"
	"github.com/inbasket/inbasket/connectors/files/intake/rules"
	"github.com/inbasket/inbasket/connectors/files/place/ftp"
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

// NewFTP opens an in-basket behind FTP or FTPS. It connects when first used.
func NewFTP(env connectors.Env, cfg rules.FTPConfig) (*Inbasket, error) {
	return forms(behindFTP(env, cfg))
}

// NewFTPAnswers opens a folder of answer files behind FTP or FTPS. It connects when first used.
func NewFTPAnswers(env connectors.Env, cfg rules.FTPConfig) (*Answers, error) {
	return answers(behindFTP(env, cfg))
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

func behindFTP(env connectors.Env, cfg rules.FTPConfig) (*source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return newSource(env, cfg.Rules, ftp.New(env, cfg.Config, false), "ftp://"+cfg.Server(), cfg.Dir), nil
}

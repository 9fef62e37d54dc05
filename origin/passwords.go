package origin

import (
	"context"

	"github.com/imgorigin/imgorigin/auth"
)

// admitPassword waits for a turn to hash: first among passwords, of which only as many go on to the renderers' gate as may
// work there at once. So a flood of sign-ins fills a queue of its own, and not the one that thumbs wait in.
func (o *Origin) admitPassword(ctx context.Context) (release func(), err error) {
	leave, err := o.passwords.Acquire(ctx, passwordWork)
	if err != nil {
		return nil, admissionError(err)
	}
	done, err := o.gate.Acquire(ctx, passwordWork)
	if err != nil {
		leave()
		return nil, admissionError(err)
	}
	return func() { done(); leave() }, nil
}

func (o *Origin) hashPassword(ctx context.Context, plain string) (hash string, err error) {
	release, err := o.admitPassword(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return auth.HashPassword(plain)
}

// checkPassword tells whether a password is that of the hash. Without a hash it takes the same time to say no.
func (o *Origin) checkPassword(ctx context.Context, hash, plain string) (bool, error) {
	release, err := o.admitPassword(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	if hash == "" {
		return auth.DummyCheck(plain) == nil, nil
	}
	return auth.CheckPassword(hash, plain) == nil, nil
}

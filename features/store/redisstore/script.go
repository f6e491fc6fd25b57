package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // the name that Redis gives a script
	_ "embed"
	"encoding/hex"

	"github.com/redis/go-redis/v9"
)

// script is a Lua script; Redis knows it by the hash of its source.
type script struct{ source, sha string }

var (
	//go:embed commit.lua
	commitSource string
	//go:embed claim.lua
	claimSource string
	//go:embed trim.lua
	trimSource string
	//go:embed scrub.lua
	scrubSource string
	//go:embed setmeta.lua
	setMetaSource string
	//go:embed spend.lua
	spendSource string

	commitScript  = newScript(commitSource)
	claimScript   = newScript(claimSource)
	trimScript    = newScript(trimSource)
	scrubScript   = newScript(scrubSource)
	setMetaScript = newScript(setMetaSource)
	spendScript   = newScript(spendSource)
)

func newScript(source string) script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // not for security
	return script{source: source, sha: hex.EncodeToString(sum[:])}
}

// onceCmd is a command that go-redis does not send again when its answer is lost: what it does must not be done twice.
type onceCmd struct{ *redis.Cmd }

func (onceCmd) NoRetry() bool { return true }

// command makes the command that runs the script on one key, by its hash or, where Redis does not know it yet, by its source.
func (s script) command(ctx context.Context, bySource bool, key string, args []any) onceCmd {
	all := make([]any, 0, 4+len(args))
	if bySource {
		all = append(all, "EVAL", s.source, 1, key)
	} else {
		all = append(all, "EVALSHA", s.sha, 1, key)
	}
	return onceCmd{redis.NewCmd(ctx, append(all, args...)...)}
}

// run runs the script on its own.
func (s script) run(ctx context.Context, client redis.UniversalClient, key string, args ...any) *redis.Cmd {
	cmd := s.command(ctx, false, key, args)
	if err := client.Process(ctx, cmd); unknownScript(err) {
		cmd = s.command(ctx, true, key, args)
		_ = client.Process(ctx, cmd) // the command has it
	}
	return cmd.Cmd
}

func unknownScript(err error) bool { return redis.HasErrorPrefix(err, "NOSCRIPT") }

package realdata

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/internal/fixture"
	"github.com/millrace-go/millrace/stream"
	"github.com/millrace-go/millrace/validate"
)

// githubEvent reads a few fields of a nested event; the payload's shape differs by type.
type githubEvent struct {
	ID, Type, Actor, Repo string
	ActorID               int64
	Org                   stream.Opt[string] // most events have none
	Action                stream.Opt[string] // only some payloads have one
	Public                bool
	At                    time.Time
}

type actorType struct{ Actor, Type string }

// naiveGithub decodes the file with encoding/json, whole documents at a time.
func naiveGithub(t *testing.T, path string) []githubEvent {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	require.NoError(t, err)
	var all []githubEvent
	for dec := json.NewDecoder(unzipped); ; {
		var doc struct {
			ID    string `json:"id"`
			Type  string `json:"type"`
			Actor struct {
				ID    int64  `json:"id"`
				Login string `json:"login"`
			} `json:"actor"`
			Repo struct {
				Name string `json:"name"`
			} `json:"repo"`
			Org *struct {
				Login string `json:"login"`
			} `json:"org"`
			Payload struct {
				Action *string `json:"action"`
			} `json:"payload"`
			Public bool      `json:"public"`
			At     time.Time `json:"created_at"`
		}
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		e := githubEvent{ID: doc.ID, Type: doc.Type, Actor: doc.Actor.Login, ActorID: doc.Actor.ID, Repo: doc.Repo.Name, Public: doc.Public, At: doc.At}
		if doc.Org != nil {
			e.Org = stream.Present(doc.Org.Login)
		}
		if doc.Payload.Action != nil {
			e.Action = stream.Present(*doc.Payload.Action)
		}
		all = append(all, e)
	}
}

func TestGithubEvents_equal_a_naive_decode(t *testing.T) {
	path := fixture.Path(t, "data", "events", "github_events_full_2021-07-21.ndjson.gz")
	schema, err := validate.New[githubEvent](
		validate.String("id", func(e *githubEvent) *string { return &e.ID }).Required(),
		validate.String("type", func(e *githubEvent) *string { return &e.Type }).Required(),
		validate.String("actor.login", func(e *githubEvent) *string { return &e.Actor }).Required(),
		validate.Int("actor.id", func(e *githubEvent) *int64 { return &e.ActorID }).Required(),
		validate.String("repo.name", func(e *githubEvent) *string { return &e.Repo }).Required(),
		validate.OptString("org.login", func(e *githubEvent) *stream.Opt[string] { return &e.Org }),
		validate.OptString("payload.action", func(e *githubEvent) *stream.Opt[string] { return &e.Action }),
		validate.Bool("public", func(e *githubEvent) *bool { return &e.Public }).Required(),
		validate.Time("created_at", func(e *githubEvent) *time.Time { return &e.At }).Required(),
	)
	require.NoError(t, err)
	want := naiveGithub(t, path)
	require.Len(t, want, 800)

	got, err := stream.Collect(schema.NDJSONFiles([]string{path}, validate.Options{}))
	require.NoError(t, err)
	for i := range got {
		got[i].At = got[i].At.UTC()
		want[i].At = want[i].At.UTC()
	}
	require.Equal(t, want, got)

	counted := map[actorType]int{}
	for _, e := range want {
		counted[actorType{e.Actor, e.Type}]++
	}
	groups := 0
	for c, err := range stream.CountBy(stream.Of(got...), func(e githubEvent) actorType { return actorType{e.Actor, e.Type} }) {
		require.NoError(t, err)
		require.Equal(t, counted[c.Key], c.Value, strconv.Quote(c.Key.Actor))
		groups++
	}
	require.Len(t, counted, groups)
}

package dedup_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/millrace-go/millrace/dedup"
	"github.com/millrace-go/millrace/stream"
)

// What the authors of a web-analytics model expect of their own events: each event once, the first that was collected;
// then each page view once, the first of those with its id. Their run window ends before the last events of two sessions
// and begins after some: those sessions are named here.

var webColumns = []string{"event_id", "collector_tstamp", "derived_tstamp", "event", "domain_sessionid",
	"contexts_com_snowplowanalytics_snowplow_web_page_1_0_0",
	// What a page view has of its event, as it is; but for the user of the domain, whom they stitch, and what they enrich.
	"v_collector", "app_id", "platform", "user_id", "network_userid", "domain_sessionidx", "dvce_created_tstamp", "doc_width", "doc_height",
	"page_title", "page_url", "page_urlscheme", "page_urlhost", "page_urlpath", "page_urlquery", "page_urlfragment",
	"mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign", "mkt_clickid", "mkt_network",
	"page_referrer", "refr_urlscheme", "refr_urlhost", "refr_urlpath", "refr_urlquery", "refr_urlfragment", "refr_medium", "refr_source", "refr_term",
	"geo_country", "geo_region", "geo_region_name", "geo_city", "geo_zipcode", "geo_latitude", "geo_longitude", "geo_timezone",
	"user_ipaddress", "useragent", "br_lang", "br_viewwidth", "br_viewheight", "br_colordepth", "br_renderengine", "os_timezone"}

// ownColumns are those of a page view, in webColumns.
const ownColumns = 6

const instantLayout = "2006-01-02 15:04:05.000"

// millis is a time of these files, in milliseconds since 1970, for which an int of 32 bits has no room.
func millis(t *testing.T, text string) float64 {
	at, err := time.Parse(instantLayout, text)
	require.NoError(t, err)
	return float64(at.UnixMilli())
}

// pageOf is the id of the page view that an event belongs to; empty: it has none.
func pageOf(t *testing.T, r record) string {
	var pages []struct{ ID string }
	if r.fields[5] == "" {
		return ""
	}
	require.NoError(t, json.Unmarshal([]byte(r.fields[5]), &pages))
	return pages[0].ID
}

func TestRun_SnowplowWeb(t *testing.T) {
	folder := []string{"data", "ground_truth", "snowplow_web"}
	read := func(columns []string, file string) []record {
		rows, err := stream.Collect(records(t, columns, append(slices.Clone(folder), file)...))
		require.NoError(t, err)
		return rows
	}
	all := read(webColumns, "snowplow_web_events.csv.gz")
	wantViews := read(append([]string{"page_view_id", "event_id", "collector_tstamp", "derived_tstamp"}, webColumns[ownColumns:]...), "snowplow_web_page_views_expected.csv.gz")
	wantSessions := read([]string{"domain_sessionid", "user_id", "total_events", "page_views"}, "snowplow_web_sessions_expected.csv.gz")
	require.Len(t, all, 160)
	events := asReadings(all, func(r record) reading { return reading{Sensor: r.fields[0], Value: millis(t, r.fields[1])} })
	earliest := []dedup.Comparator[reading]{dedup.Min(readingValue)}
	require.Len(t, wantViews, 43)

	for engine, run := range realEngines {
		t.Run(engine, func(t *testing.T) {
			kept, stats := run(t, events, dedup.Options[reading]{By: earliest})
			require.EqualValues(t, 157, stats.Out)
			require.EqualValues(t, 3, stats.Dropped)
			var once []record
			for _, e := range kept {
				once = append(once, all[e.Serial])
			}
			slices.SortFunc(once, func(a, b record) int { return cmp.Compare(a.line, b.line) })

			// Nothing that they expect is missing, and what is too much is what their run did not look at.
			viewed := slices.DeleteFunc(slices.Clone(once), func(r record) bool { return r.fields[3] != "page_view" })
			views, _ := run(t, asReadings(viewed, func(r record) reading {
				return reading{Sensor: pageOf(t, r), Value: millis(t, r.fields[2])}
			}), dedup.Options[reading]{By: earliest})
			byPage := map[string]record{}
			for _, v := range views {
				byPage[v.Sensor] = viewed[v.Serial]
			}
			require.Len(t, byPage, len(views))
			for _, want := range wantViews {
				got, ok := byPage[want.fields[0]]
				require.True(t, ok, want.fields[0])
				have := append([]string{want.fields[0], got.fields[0], got.fields[1], got.fields[2]}, got.fields[ownColumns:]...)
				require.Equal(t, want.fields, have)
				delete(byPage, want.fields[0])
			}
			var left []string
			for _, v := range byPage {
				left = append(left, v.fields[9])
			}
			slices.Sort(left)
			require.Equal(t, []string{"NULL page_view_id", "Unexpired session", "late arriving: device created/sent >3 days", "long session", "long session"}, left)

			// A session has as many events as they count, and as many pages as were viewed in it, or pinged.
			paged := slices.DeleteFunc(slices.Clone(once), func(r record) bool { return !strings.HasPrefix(r.fields[3], "page_") })
			pageNumber := interned()
			pages, _ := run(t, asReadings(paged, func(r record) reading { return reading{Sensor: r.fields[4], Port: pageNumber(pageOf(t, r))} }), dedup.Options[reading]{})
			eventsOf, pagesOf := map[string]int{}, map[string]int{}
			for _, e := range once {
				eventsOf[e.fields[4]]++
			}
			for _, p := range pages {
				pagesOf[p.Sensor]++
			}
			for _, want := range wantSessions {
				if user := want.fields[1]; user == "long session" || user == "Unexpired session" {
					continue
				}
				require.Equal(t, want.fields[2:], []string{strconv.Itoa(eventsOf[want.fields[0]]), strconv.Itoa(pagesOf[want.fields[0]])}, want.fields[1])
			}
		})
	}
}

// Their incremental run: the first file, then a second one that goes on. A page view is its view event, with the first
// and the last time of all its events. It stands in the row of the merge tests: Name is its first time and City its last,
// Active says that it is the view event, and Tags are the columns that it has of that.
func TestState_SnowplowSmall(t *testing.T) {
	folder := []string{"data", "ground_truth", "snowplow_small"}
	read := func(file string, columns ...string) []record {
		rows, err := stream.Collect(records(t, columns, append(slices.Clone(folder), file)...))
		require.NoError(t, err)
		return rows
	}
	numbers := map[string]int{} // of page views
	var names []string
	number := func(page string) int {
		if _, ok := numbers[page]; !ok {
			numbers[page] = len(names)
			names = append(names, page)
		}
		return numbers[page]
	}
	batches := [2][]profile{}
	for i, suffix := range []string{".csv.gz", "_update.csv.gz"} {
		pages := map[string]string{}
		for _, p := range read("sp_web_page"+suffix, "root_id", "id") {
			pages[p.fields[0]] = p.fields[1]
		}
		for _, e := range read("sp_event"+suffix, "event_id", "collector_tstamp", "event", "test_add_col",
			"user_id", "domain_userid", "network_userid", "domain_sessionidx", "mkt_medium", "mkt_source", "mkt_term", "mkt_content", "mkt_campaign") {
			batches[i] = append(batches[i], profile{ID: number(pages[e.fields[0]]), Name: e.fields[1], City: e.fields[1], Active: e.fields[2] == "page_view", Tags: e.fields[3:]})
		}
	}
	o := dedup.StateOptions[profile]{Options: dedup.Options[profile]{
		Keep: dedup.KeepMerge,
		By:   []dedup.Comparator[profile]{dedup.Present(func(p profile) bool { return p.Active })},
		Merge: []dedup.Reducer[profile]{
			dedup.Least(func(p *profile) *string { return &p.Name }), dedup.Greatest(func(p *profile) *string { return &p.City }),
		},
	}}
	push := func(s *profileState, rows []profile) {
		for _, p := range rows {
			_, err := s.Push(p)
			require.NoError(t, err)
		}
	}
	s := newProfiles(t, o)
	push(s, batches[0])
	s = restored(t, s, newProfiles(t, o))
	push(s, batches[1])

	got := map[string][]string{}
	require.NoError(t, s.Flush(func(p profile) error {
		local := func(text string) string {
			at, err := time.Parse(instantLayout, text)
			require.NoError(t, err)
			return at.Add(-5 * time.Hour).Format("2006-01-02 3:04:05") // New York, in January
		}
		got[names[p.ID]] = append([]string{local(p.Name), local(p.City)}, p.Tags...)
		return nil
	}))
	want := map[string][]string{}
	for _, p := range read("snowplow_page_views_expected.csv.gz", "page_view_id", "page_view_start", "page_view_end", "test_add_col",
		"user_custom_id", "user_snowplow_domain_id", "user_snowplow_crossdomain_id", "session_index",
		"marketing_medium", "marketing_source", "marketing_term", "marketing_content", "marketing_campaign") {
		want[p.fields[0]] = p.fields[1:]
	}
	require.Len(t, want, 7)
	require.Equal(t, want, got)
}

// What a team would use that wants a transparency log and nothing about persons: Tessera as a library, on a disk.
//
//	tessera DIR SECONDS CLIENTS BATCH   adds entries as fast as it goes; prints figures as pg_load.c does
//	tessera fsck DIR                    verifies all of that log with its own tool; prints entries=N entries/s=N
//
// CLIENTS callers add BATCH entries and wait until all of them are in the tree on disk. A lone caller's batch is what it
// is: the log integrates what has come after BATCH_AGE. There are no questions: it knows no persons.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	entryBytes = 300
	batchAge   = 50 * time.Millisecond
	name       = "bench.example/tessera"
)

func must(err error) {
	if err != nil {
		log.Fatal("tessera: ", err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func quantile(times []float64, part float64) float64 {
	if len(times) == 0 {
		return 0
	}
	sort.Float64s(times)
	return times[int(float64(len(times)-1)*part)] * 1e3
}

func open(dir string, batch, clients int) (*tessera.Appender, func(context.Context) error) {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	must(err)
	must(os.MkdirAll(dir, 0o700))
	must(os.WriteFile(filepath.Join(dir, "vkey"), []byte(public), 0o600))
	signer, err := note.NewSigner(secret)
	must(err)
	ctx := context.Background()
	driver, err := posix.New(ctx, posix.Config{Path: filepath.Join(dir, "log")})
	must(err)
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(uint(max(batch, 256)), batchAge).
		WithPushback(uint(2 * max(batch, 256) * clients)).WithCheckpointInterval(time.Second)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	must(err)
	return appender, shutdown
}

func load(appender *tessera.Appender, batch int, end time.Time, entries *atomic.Int64, times *[]float64) {
	for time.Now().Before(end) {
		began := time.Now()
		waiting := make([]tessera.IndexFuture, batch)
		for i := range waiting {
			data := make([]byte, entryBytes)
			rand.Read(data)
			waiting[i] = appender.Add(context.Background(), tessera.NewEntry(data))
		}
		for _, wait := range waiting {
			_, err := wait()
			must(err)
		}
		entries.Add(int64(batch))
		*times = append(*times, time.Since(began).Seconds())
	}
}

func run(dir string, seconds, clients, batch int) {
	appender, shutdown := open(dir, batch, clients)
	var entries atomic.Int64
	var group sync.WaitGroup
	inserts := make([][]float64, clients)
	began := time.Now()
	end := began.Add(time.Duration(seconds) * time.Second)
	for i := 0; i < clients; i++ {
		group.Add(1)
		go func(i int) { defer group.Done(); load(appender, batch, end, &entries, &inserts[i]) }(i)
	}
	group.Wait()
	took := time.Since(began).Seconds()
	must(shutdown(context.Background()))
	var all []float64
	for _, times := range inserts {
		all = append(all, times...)
	}
	fmt.Printf("rows=%d seconds=%.3f rows/s=%.0f insert_p50_ms=%.3f insert_p99_ms=%.3f\n", entries.Load(), took,
		float64(entries.Load())/took, quantile(all, 0.5), quantile(all, 0.99))
}

func leaves(bundle []byte) ([][]byte, error) {
	var parsed api.EntryBundle
	if err := parsed.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(parsed.Entries))
	for i, entry := range parsed.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(entry)
	}
	return hashes, nil
}

func verify(dir string) {
	public, err := os.ReadFile(filepath.Join(dir, "vkey"))
	must(err)
	verifier, err := note.NewVerifier(string(public))
	must(err)
	files := &client.FileFetcher{Root: filepath.Join(dir, "log")}
	checkpoint, _, _, err := client.FetchCheckpoint(context.Background(), files.ReadCheckpoint, verifier, name)
	must(err)
	began := time.Now()
	must(fsck.New(name, verifier, files, leaves, fsck.Opts{N: uint(runtime.NumCPU())}).Check(context.Background()))
	fmt.Printf("entries=%d entries/s=%.0f\n", checkpoint.Size, float64(checkpoint.Size)/time.Since(began).Seconds())
}

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "fsck":
		verify(os.Args[2])
	case len(os.Args) == 5:
		run(os.Args[1], number(os.Args[2]), number(os.Args[3]), number(os.Args[4]))
	default:
		fmt.Fprintln(os.Stderr, "usage: tessera DIR SECONDS CLIENTS BATCH | fsck DIR")
		os.Exit(2)
	}
}

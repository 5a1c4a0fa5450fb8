// What a team would use that wants a database whose changes show: immudb's server, filled as fast as it goes, durable
// when it answers.
//
//	immudb DIR SECONDS CLIENTS BATCH PEOPLE   runs a server in DIR and loads it; prints figures as pg_load.c does
//	immudb serve DIR PORT                     the server alone; what the line above starts
//
// CLIENTS sessions set batches of BATCH rows about people at random, one transaction each; meanwhile one session asks for
// 20 rows of somebody 20 times a second, unverified. A row's key is the person and a number, so that a person's rows are
// a range.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/codenotary/immudb/pkg/api/schema"
	immudb "github.com/codenotary/immudb/pkg/client"
	"github.com/codenotary/immudb/pkg/server"
)

const (
	database   = "bench"
	eventBytes = 268
	rows       = 20
	asksSecond = 20
	messageMax = 64 << 20

	clientsMost = 64 // as pg_load.c
)

func must(err error) {
	if err != nil {
		log.Fatal("immudb: ", err)
	}
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	must(err)
	return n
}

func serve(dir string, port int) {
	options := server.DefaultOptions().WithDir(dir).WithAddress("127.0.0.1").WithPort(port).WithSynced(true).
		WithMetricsServer(false).WithWebServer(false).WithPgsqlServer(false).WithMaxRecvMsgSize(messageMax)
	s := server.DefaultServer().WithOptions(options).(*server.ImmuServer)
	must(s.Initialize())
	must(s.Start())
}

func freePort() int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func session(dir string, port int, name string) (immudb.ImmuClient, error) {
	client := immudb.NewClient().WithOptions(immudb.DefaultOptions().WithDir(dir).WithAddress("127.0.0.1").WithPort(port).
		WithMaxRecvMsgSize(messageMax))
	return client, client.OpenSession(context.Background(), []byte("immudb"), []byte("immudb"), name)
}

// makeDatabase waits for the server, which takes no connection before it is ready.
func makeDatabase(dir string, port, batch int) {
	var first immudb.ImmuClient
	var err error
	for tries := 0; tries < 200; tries++ {
		if first, err = session(dir, port, "defaultdb"); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	must(err)
	syncEvery := int64(20) // milliseconds, as it is when installed
	if batch == 1 {
		syncEvery = 0 // whoever waits for a single row waits for the disk, not for a clock
	}
	_, err = first.CreateDatabaseV2(context.Background(), database, &schema.DatabaseNullableSettings{
		SyncFrequency:  &schema.NullableMilliseconds{Value: syncEvery},
		MaxTxEntries:   &schema.NullableUint32{Value: 4096},
		MaxConcurrency: &schema.NullableUint32{Value: 4 * clientsMost}})
	must(err)
	must(first.CloseSession(context.Background()))
}

func person(i int) []byte {
	var text [8]byte
	binary.BigEndian.PutUint64(text[:], uint64(i))
	hash := sha256.Sum256(text[:])
	return hash[:]
}

func load(client immudb.ImmuClient, id, batch, people int, end time.Time, next *atomic.Int64, times *[]float64) {
	random := rand.New(rand.NewSource(int64(id)))
	for time.Now().Before(end) {
		request := &schema.SetRequest{}
		for i := 0; i < batch; i++ {
			value := make([]byte, eventBytes)
			random.Read(value)
			key := binary.BigEndian.AppendUint64(person(random.Intn(people)), uint64(next.Add(1)))
			request.KVs = append(request.KVs, &schema.KeyValue{Key: key, Value: value})
		}
		began := time.Now()
		_, err := client.SetAll(context.Background(), request)
		must(err)
		*times = append(*times, time.Since(began).Seconds())
	}
}

func ask(client immudb.ImmuClient, people int, end time.Time, times *[]float64) {
	random := rand.New(rand.NewSource(-1))
	for range time.Tick(time.Second / asksSecond) {
		if time.Now().After(end) {
			return
		}
		began := time.Now()
		_, err := client.Scan(context.Background(), &schema.ScanRequest{Prefix: person(random.Intn(people)), Limit: rows,
			Desc: true, NoWait: true})
		must(err)
		*times = append(*times, time.Since(began).Seconds())
	}
}

func quantile(times []float64, part float64) float64 {
	if len(times) == 0 {
		return 0
	}
	sort.Float64s(times)
	return times[int(float64(len(times)-1)*part)] * 1e3
}

func run(dir string, seconds, clients, batch, people int) {
	port := freePort()
	child := exec.Command(os.Args[0], "serve", dir, strconv.Itoa(port))
	child.Stderr = os.Stderr
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also when this one ends in an error
	runtime.LockOSThread()
	must(child.Start())
	defer func() { child.Process.Kill(); child.Wait() }()
	makeDatabase(dir, port, batch)
	var sessions []immudb.ImmuClient
	for i := 0; i <= clients; i++ {
		client, err := session(dir, port, database)
		must(err)
		sessions = append(sessions, client)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	var asks []float64
	inserts := make([][]float64, clients)
	began := time.Now()
	end := began.Add(time.Duration(seconds) * time.Second)
	for i := 0; i < clients; i++ {
		group.Add(1)
		go func(i int) { defer group.Done(); load(sessions[i], i, batch, people, end, &next, &inserts[i]) }(i)
	}
	group.Add(1)
	go func() { defer group.Done(); ask(sessions[clients], people, end, &asks) }()
	group.Wait()
	took := time.Since(began).Seconds()
	var all []float64
	for _, times := range inserts {
		all = append(all, times...)
	}
	fmt.Printf("rows=%d seconds=%.3f rows/s=%.0f answer_p50_ms=%.3f answer_p99_ms=%.3f insert_p50_ms=%.3f insert_p99_ms=%.3f\n",
		next.Load(), took, float64(next.Load())/took, quantile(asks, 0.5), quantile(asks, 0.99), quantile(all, 0.5),
		quantile(all, 0.99))
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "serve":
		serve(os.Args[2], number(os.Args[3]))
	case len(os.Args) == 6:
		run(os.Args[1], number(os.Args[2]), number(os.Args[3]), number(os.Args[4]), number(os.Args[5]))
	default:
		fmt.Fprintln(os.Stderr, "usage: immudb DIR SECONDS CLIENTS BATCH PEOPLE")
		os.Exit(2)
	}
}

// A client that knows nothing of this project: it reads a tiled log (C2SP tlog-tiles) from an address or a directory with
// the packages of Go's checksum database, and recomputes everything from the entries.
//
// usage: goclient -vkey VKEY [-earlier DIR] [-static] [-seed N] [-checks N] URL|DIRECTORY
//
//	goclient -vkey VKEY -proof FILE     a proof file (C2SP tlog-proof) whose extra line is the entry
//
// Two things are different there: tlog.Tile.Path names the height, which C2SP leaves out, and calls bundles "data"; and
// tlog.ParseTree knows one origin only, so the three lines of a checkpoint are read here.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8
const answerBytesMax = 1 << 25

// Where a log is published, and whose it is.
type place struct {
	base     string
	verifier note.Verifier
	static   bool // a partial tile that is not there is read from the widest one of the newest tree
	newest   int64
	content  map[string][]byte
}

func (p *place) get(path string) ([]byte, error) {
	if !strings.HasPrefix(p.base, "http://") && !strings.HasPrefix(p.base, "https://") {
		return os.ReadFile(filepath.Join(strings.TrimPrefix(p.base, "file://"), filepath.FromSlash(path)))
	}
	response, err := http.Get(strings.TrimSuffix(p.base, "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytesMax))
	if response.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, response.Status)
	}
	return body, err
}

func address(tile tlog.Tile) string {
	rest := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tile.H))
	return "tile/" + strings.Replace(rest, "data/", "entries/", 1)
}

// The hashes of a tile, or the records of a bundle one after the other (level -1), as many as its width says.
func (p *place) tile(tile tlog.Tile) ([]byte, error) {
	path := address(tile)
	if content, ok := p.content[path]; ok {
		return content, nil
	}
	content, err := p.get(path)
	if widest := p.widest(tile); errors.Is(err, fs.ErrNotExist) && p.static && tile.W < widest.W {
		if content, err = p.tile(widest); err == nil {
			content, err = prefix(tile, content)
		}
	}
	if err != nil {
		return nil, err
	}
	p.content[path] = content
	return content, nil
}

// The same tile, with all that the newest tree has of it.
func (p *place) widest(tile tlog.Tile) tlog.Tile {
	level := tile.L
	if level < 0 {
		level = 0
	}
	there := p.newest>>(height*level) - tile.N<<height
	if there > 1<<height {
		there = 1 << height
	}
	tile.W = int(there)
	return tile
}

// The first W hashes or records of a wider tile.
func prefix(tile tlog.Tile, content []byte) ([]byte, error) {
	end := tile.W * tlog.HashSize
	if tile.L < 0 {
		end = 0
		for i := 0; i < tile.W && end+2 <= len(content); i++ {
			end += 2 + int(binary.BigEndian.Uint16(content[end:]))
		}
	}
	if end > len(content) {
		return nil, fmt.Errorf("%s: the wider tile is too short", address(tile))
	}
	return content[:end], nil
}

// tlog.TileReader
func (p *place) Height() int                         { return height }
func (p *place) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (p *place) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		content, err := p.tile(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// A checkpoint with the log's signature: origin, size, root.
func (p *place) open(signed []byte) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(p.verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != p.verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("a checkpoint of another form: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] {
		return tlog.Tree{}, fmt.Errorf("a size of another form: %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// All entries of the tree, from its bundles.
func (p *place) entries(tree tlog.Tree) ([][]byte, error) {
	var all [][]byte
	for int64(len(all)) < tree.N {
		tile := tlog.Tile{H: height, L: -1, N: int64(len(all)) >> height, W: 1 << height}
		if rest := tree.N - int64(len(all)); rest < int64(tile.W) {
			tile.W = int(rest)
		}
		bundle, err := p.tile(tile)
		if err != nil {
			return nil, err
		}
		for i := 0; i < tile.W; i++ {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return nil, fmt.Errorf("%s ends in entry %d", address(tile), i)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			all = append(all, bundle[2:end])
			bundle = bundle[end:]
		}
		if len(bundle) != 0 {
			return nil, fmt.Errorf("%s has %d bytes too many", address(tile), len(bundle))
		}
	}
	return all, nil
}

// The tree as it follows from the entries: all hashes, in the order of tlog.StoredHashIndex.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not there", index)
		}
		all = append(all, s[index])
	}
	return all, nil
}

func build(entries [][]byte) (stored, error) {
	var all stored
	for i, entry := range entries {
		hashes, err := tlog.StoredHashes(int64(i), entry, all)
		if err != nil {
			return nil, err
		}
		all = append(all, hashes...)
	}
	return all, nil
}

// Every tile of the tree is what follows from the entries; unless the files are static also those at its right edge in
// every lesser width, and the last bundle likewise.
func (p *place) compareTiles(tree tlog.Tree, all stored) (int, error) {
	count := 0
	for _, tile := range tlog.NewTiles(height, 0, tree.N) {
		if p.static && tile != p.widest(tile) {
			continue
		}
		wanted, err := tlog.ReadTileData(tile, all)
		if err != nil {
			return 0, err
		}
		got, err := p.tile(tile)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(got, wanted) {
			return 0, fmt.Errorf("%s is not what the entries give", address(tile))
		}
		count++
	}
	return count, nil
}

func (p *place) compareBundles(tree tlog.Tree) error {
	last := p.widest(tlog.Tile{H: height, L: -1, N: (tree.N - 1) >> height})
	content, err := p.tile(last)
	for tile := last; err == nil && !p.static && tile.W > 1; {
		tile.W--
		wanted, _ := prefix(tile, content)
		var got []byte
		if got, err = p.tile(tile); err == nil && !bytes.Equal(got, wanted) {
			err = fmt.Errorf("%s is not the beginning of %s", address(tile), address(last))
		}
	}
	return err
}

// Random entries are included: proofs from the tiles, leaf hashes from the bundles.
func (p *place) checkInclusion(tree tlog.Tree, entries [][]byte, random *rand.Rand, checks int) error {
	hashes := tlog.TileHashReader(tree, p)
	for i := 0; i < checks; i++ {
		index := random.Int63n(tree.N)
		if i < 2 {
			index = int64(i) * (tree.N - 1) // the first and the last
		}
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		if err != nil {
			return fmt.Errorf("inclusion of %d: %w", index, err)
		}
		if err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entries[index])); err != nil {
			return fmt.Errorf("inclusion of %d: %w", index, err)
		}
	}
	return nil
}

// `newer` extends `older`: the proof from the tiles as they were when `newer` was the newest.
func (p *place) checkConsistency(newer, older tlog.Tree) error {
	proof, err := tlog.ProveTree(newer.N, older.N, tlog.TileHashReader(newer, p))
	if err == nil {
		err = tlog.CheckTree(proof, newer.N, newer.Hash, older.N, older.Hash)
	}
	if err != nil {
		return fmt.Errorf("consistency of %d and %d: %w", older.N, newer.N, err)
	}
	return nil
}

// Every pair of the signed checkpoints.
func (p *place) checkPairs(trees []tlog.Tree) (int, error) {
	pairs := 0
	for _, newer := range trees {
		for _, older := range trees {
			if older.N > newer.N || older.N == 0 {
				continue
			}
			if err := p.checkConsistency(newer, older); err != nil {
				return pairs, err
			}
			pairs++
		}
	}
	return pairs, nil
}

// Random pairs of sizes, signed or not; their roots follow from the entries.
func (p *place) checkRandomPairs(tree tlog.Tree, all stored, random *rand.Rand, checks int) error {
	for i := 0; i < checks; i++ {
		var err error
		older := tlog.Tree{N: 1 + random.Int63n(tree.N)}
		if older.Hash, err = tlog.TreeHash(older.N, all); err != nil {
			return err
		}
		if err = p.checkConsistency(tree, older); err != nil {
			return err
		}
	}
	return nil
}

func (p *place) earlier(dir string) ([]tlog.Tree, error) {
	var trees []tlog.Tree
	if dir == "" {
		return nil, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	for _, name := range names {
		signed, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		tree, err := p.open(signed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		trees = append(trees, tree)
	}
	return trees, err
}

func (p *place) check(dir string, random *rand.Rand, checks int) error {
	signed, err := p.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := p.open(signed)
	if err != nil {
		return err
	}
	p.newest = tree.N
	entries, err := p.entries(tree)
	if err != nil {
		return err
	}
	all, err := build(entries)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, all)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries give the root %v, the checkpoint says %v", root, tree.Hash)
	}
	tiles, err := p.compareTiles(tree, all)
	if err != nil {
		return err
	}
	if err = p.compareBundles(tree); err != nil {
		return err
	}
	if err = p.checkInclusion(tree, entries, random, checks); err != nil {
		return err
	}
	if err = p.checkRandomPairs(tree, all, random, checks); err != nil {
		return err
	}
	trees, err := p.earlier(dir)
	if err != nil {
		return err
	}
	pairs, err := p.checkPairs(append(trees, tree))
	if err != nil {
		return err
	}
	fmt.Printf("holds size=%d tiles=%d inclusion=%d consistency=%d\n", tree.N, tiles, checks, pairs+checks)
	return nil
}

func (p *place) checkProof(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return errors.New("a proof file of another form")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := p.open([]byte(signed))
	if err != nil {
		return err
	}
	if err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("holds index=%d size=%d bytes=%d\n", index, tree.N, len(entry))
	return nil
}

func main() {
	vkey := flag.String("vkey", "", "the log's verification key")
	dir := flag.String("earlier", "", "a directory of earlier signed checkpoints of this log")
	proof := flag.String("proof", "", "a proof file to check instead of a log")
	static := flag.Bool("static", false, "only the newest checkpoint's partial tiles need be there")
	seed := flag.Int64("seed", 1, "of what is chosen at random")
	checks := flag.Int("checks", 32, "how many indexes, and pairs of sizes, are chosen at random")
	flag.Parse()
	verifier, err := note.NewVerifier(*vkey)
	p := &place{base: flag.Arg(0), verifier: verifier, static: *static, content: map[string][]byte{}}
	switch {
	case err != nil:
	case *proof != "" && flag.NArg() == 0:
		err = p.checkProof(*proof)
	case *proof == "" && flag.NArg() == 1:
		err = p.check(*dir, rand.New(rand.NewSource(*seed)), *checks)
	default:
		err = errors.New("one address or directory, or a proof file, please")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1)
	}
}

package report

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"workshop/runner"
)

// kindPacked is the kind of a line that holds a piece of a block: records that are compressed.
const kindPacked = "packed"

// The limits of lines in a log. Container engines break lines of 16 KiB in pieces.
const (
	plainLine  = 8 << 10  // a longer record is packed
	packedPart = 12 << 10 // the data of a line, in base64
	packedSize = 64 << 10 // records of output that are packed at once, before compression
)

// packedLine is a piece of a block. The records of a block have their own numbers.
type packedLine struct {
	V      int    `json:"v"`
	Run    string `json:"run"`
	Part   string `json:"part"`
	Kind   string `json:"kind"`
	Piece  int    `json:"piece"` // from 1
	Pieces int    `json:"pieces"`
	Data   string `json:"data"` // deflate (RFC 1951), base64
}

// packer writes the records of a shard into a log. Records of output wait for the next other record,
// and are packed together; a record of a long line is packed, too. No line is longer than 16 KiB.
type packer struct {
	w       io.Writer
	pending bytes.Buffer
}

func newPacker(w io.Writer) Reporter { return &packer{w: w} }

func (p *packer) record(r *record) error {
	line, err := r.line()
	if err != nil {
		return err
	}
	if r.Kind != runner.EventOutput && len(line) <= plainLine {
		if err := p.flush(r); err != nil {
			return err
		}
		_, err := p.w.Write(line)
		return err
	}
	p.pending.Write(line)
	if r.Kind != runner.EventOutput || p.pending.Len() >= packedSize {
		return p.flush(r)
	}
	return nil
}

// flush writes the records that wait, in the name of a record of the same shard.
func (p *packer) flush(of *record) error {
	if p.pending.Len() == 0 {
		return nil
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err == nil {
		_, err = p.pending.WriteTo(w)
		err = errors.Join(err, w.Close())
	}
	if err != nil {
		return fmt.Errorf("pack records: %w", err)
	}
	data := base64.StdEncoding.EncodeToString(packed.Bytes())
	pieces := (len(data) + packedPart - 1) / packedPart
	for i := range pieces {
		line, err := json.Marshal(packedLine{
			V: version, Run: of.Run, Part: of.Part, Kind: kindPacked, Piece: i + 1, Pieces: pieces,
			Data: data[i*packedPart : min((i+1)*packedPart, len(data))],
		})
		if err != nil {
			return err
		}
		if _, err := p.w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// Event has nothing to do: see record.
func (*packer) Event(runner.Event) error { return nil }

// Finish has nothing to do: the record of the run's end has written the ones before it.
func (*packer) Finish(*runner.Result) error { return nil }

// logLine is a line of a log: a record, or a piece of a block.
type logLine struct {
	record
	Piece  int    `json:"piece"`
	Pieces int    `json:"pieces"`
	Data   string `json:"data"`
}

// unpacker puts the pieces of the blocks of one shard together.
type unpacker struct {
	data   []byte
	pieces int // so far
}

// add takes a piece, and returns the records of the block behind its last one. A block that lacks a
// piece is lost, which the numbers of the records show.
func (u *unpacker) add(line *logLine) ([][]byte, error) {
	if line.Piece == 1 {
		u.data, u.pieces = nil, 0
	}
	if line.Piece != u.pieces+1 || len(u.data) > maxLine {
		u.data, u.pieces = nil, 0
		return nil, errors.New("a block of packed records lacks a piece")
	}
	u.data, u.pieces = append(u.data, line.Data...), line.Piece
	if line.Piece < line.Pieces {
		return nil, nil
	}
	packed, err := base64.StdEncoding.DecodeString(string(u.data))
	u.data, u.pieces = nil, 0
	if err != nil {
		return nil, fmt.Errorf("unpack records: %w", err)
	}
	all, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxLine))
	if err != nil {
		return nil, fmt.Errorf("unpack records: %w", err)
	}
	return bytes.SplitAfter(bytes.TrimSuffix(all, []byte("\n")), []byte("\n")), nil
}

// recordBegins is the beginning of each record, behind which no foreign line is likely to go on.
var recordBegins = []byte(`{"v":`)

// inLog finds a record in a line of a log: behind a prefix, such as a time or the name of a pod, and
// before the end of the line and escape sequences. It is nil if the line is a foreign one.
func inLog(line []byte) []byte {
	from, to := bytes.Index(line, recordBegins), bytes.LastIndexByte(line, '}')
	if from < 0 || to < from {
		return nil
	}
	return line[from : to+1]
}

// Package screen emulates a terminal: bytes in, cells out. It is pure: it knows no
// process, no file and no clock, and does nothing by itself.
//
// A [Screen] follows the bytes that programs write (ECMA-48 and the extensions of
// xterm). Each cell carries the epoch in which it was written, and each row the
// generation of its last change, so that a search can skip the old cells. A [View] is a
// picture of a screen as plain data, safe to show elsewhere.
// A [Layout] divides a terminal into panes as tmux does, and a [Composite] draws the
// screens of panes into one.
package screen

#!/bin/sh
# Runs a command for a recording, in a machine that has nothing private to show:
#     unshare --fork --pid --mount --uts --mount-proc sh setup.sh COMMAND
# Needs root, and Linux.
set -e
exec 3>&1 >/dev/null
hostname workshop
mount -t tmpfs none /home
mkdir /home/demo
cd /home/demo
mkdir src docs empty
i=0
while [ $i -lt 120 ]; do
	i=$((i + 1))
	echo "line $i: the worker asks rng for bytes, has hasher digest them and counts in redis"
done >docs/notes.txt
cat >src/hello.go <<'END'
package main

import "fmt"

// main says hello, with a tab	inside and some wide text: 日本語のテキスト, naïve café ✓.
func main() {
	for i := range 10 {
		fmt.Printf("%d: hello\n", i)
	}
}
END
touch -d 2024-02-29 src/hello.go docs/notes.txt src docs empty
ln -s docs/notes.txt link
ln -s nowhere broken
mkfifo pipe
export GIT_CONFIG_GLOBAL=/home/demo/.gitconfig
git config --global user.name Demo
git config --global user.email demo@example.com
git config --global init.defaultBranch main
export GIT_AUTHOR_DATE='2024-02-29T12:00:00Z' GIT_COMMITTER_DATE='2024-02-29T12:00:00Z'
git init -q .
git add src docs
git commit -qm 'Add a program that says hello'
git checkout -qb topic
sed -i s/hello/bonjour/ src/hello.go
git commit -qam 'Speak French (日本語も)'
git checkout -q main
echo last >>docs/notes.txt
git commit -qam 'Add a line'
git merge -q --no-ff -m "Merge branch 'topic'" topic
exec env -i HOME=/home/demo USER=demo LOGNAME=demo PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
	TERM=xterm-256color LC_ALL=C.UTF-8 TZ=UTC PS1='$ ' HISTFILE= LESSHISTFILE=- \
	sh -c "$1" >&3

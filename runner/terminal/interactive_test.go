package terminal

import "testing"

// TestStartsShell tells the lines after which one more is typed, at the prompt of a shell
// that they start, from those of programs that would get it as input.
func TestStartsShell(t *testing.T) {
	for line, want := range map[string]bool{
		"bash": true, "exec bash --norc": true, "sh -i": true, "busybox sh": true, "zsh": true, "FOO=1 dash": true, "cd /tmp && bash": true,
		"bash script.sh": false, "bash -c ls": false, "sh -x ./go": false, "fish": false, "python3": false, "": false, "echo bash": false,
		"su": true, "su -": true, "su - alice": true, "su -c ls": false, "su -c 'bash'": false, "su alice -c id": false,
		"sudo -s": true, "sudo -i": true, "sudo -u alice -i": true, "sudo bash": true, "sudo -u alice bash": true,
		"sudo": false, "sudo -- bash": true, "sudo -- ls": false,
		"sudo apt install x": false, "sudo -s ls": false, "sudo -u alice ls": false, "sudo FOO=1 bash": true,
		"ssh host": true, "ssh -p 22 -i key alice@host": true, "ssh host ls": false, "ssh -t host bash": true, "ssh host -- uname": false,
		"docker exec -it web sh": true, "docker exec -it -u 0 web bash": true, "docker exec -it web top": false, "docker run -it alpine": false,
		"docker run -it --rm --name x alpine sh": true, "docker run alpine wget x": false, "docker ps": false, "docker-compose exec web sh": true,
		"kubectl exec -it pod -- sh": true, "kubectl exec -it pod -c c -- bash": true, "kubectl exec pod -- ls": false,
		"kubectl exec pod --": false, "kubectl get pods": false,
		"script": true, "script -q log": true, "script -qc 'make' log": false, "chroot /mnt": true, "chroot /mnt ls": false,
		"nsenter -t 1 sh": true,
		"bash /dev/stdin": true, "bash /dev/stdin <<'END'": false, "bash /dev/fd/0 x < file": false, "bash /dev/tty < file": true,
	} {
		if got := StartsShell(line); got != want {
			t.Errorf("%q: %t", line, got)
		}
	}
}

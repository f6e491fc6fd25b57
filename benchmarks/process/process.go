// Package process runs the servers that are measured, each in a process of its own, and reads what processor time they take.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
	keptLines    = 20
)

// Process is a running server.
type Process struct {
	Addr string
	name string
	cmd  *exec.Cmd
	stat procfs.Proc
	done chan struct{} // closed when it has ended

	mu    sync.Mutex
	lines []string // the last ones it wrote
}

// start runs a program; addressIn finds the address it serves on in one of its lines. An empty addressIn waits for nothing.
func start(ctx context.Context, name string, addressIn func(line string) string, program string, args ...string) (*Process, error) {
	p := &Process{name: name, cmd: exec.Command(program, args...), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for us; we stop it then
	output, input := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = input, input
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	found := make(chan string, 1)
	go p.read(output, found, addressIn)
	go func() {
		_ = p.cmd.Wait() // what it has to say stands in its lines
		_ = input.Close()
		close(p.done)
	}()
	stat, err := procfs.NewProc(p.cmd.Process.Pid)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), p.Stop())
	}
	p.stat = stat
	if addressIn == nil {
		return p, nil
	}
	select {
	case p.Addr = <-found:
		return p, nil
	case <-p.done:
		err = errors.New("it has ended")
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(startTimeout):
		err = errors.New("it does not say where it serves")
	}
	return nil, errors.Join(fmt.Errorf("start %s: %w\n%s", name, err, p.said()), p.Stop())
}

func (p *Process) read(output io.Reader, found chan<- string, addressIn func(string) string) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		p.mu.Lock()
		p.lines = append(p.lines[max(0, len(p.lines)-keptLines+1):], line)
		p.mu.Unlock()
		if addressIn == nil {
			continue
		}
		if addr := addressIn(line); addr != "" {
			found <- addr
			addressIn = nil
		}
	}
	_, _ = io.Copy(io.Discard, output) // after a line that is too long
}

func (p *Process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// CPU is the processor time that it has taken so far, in the program and in the kernel for it. Its resolution is 10 ms.
func (p *Process) CPU() (time.Duration, error) {
	stat, err := p.stat.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the processor time of %s: %w", p.name, err)
	}
	return time.Duration(stat.CPUTime() * float64(time.Second)), nil
}

// Alive says with an error that it has ended.
func (p *Process) Alive() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended:\n%s", p.name, p.said())
	default:
		return nil
	}
}

// Stop ends it and waits until it is gone.
func (p *Process) Stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && p.Alive() == nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(stopTimeout):
	}
	_ = p.cmd.Process.Kill() // it may have ended meanwhile
	<-p.done
	return fmt.Errorf("%s had to be killed, it did not stop in %v:\n%s", p.name, stopTimeout, p.said())
}

// An echo server of gorilla/websocket, for servers.ts: prints its port, and how its connections ended when stdin ends.
package main

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

var (
	mutex sync.Mutex
	open  int
	ended = map[string]int{}
)

func cause(err error) string {
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return strconv.Itoa(closed.Code)
	case errors.Is(err, syscall.ECONNRESET):
		return "ECONNRESET"
	case errors.Is(err, syscall.EPIPE):
		return "EPIPE"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "EOF"
	}
	return err.Error()
}

func count(change int) int {
	mutex.Lock()
	defer mutex.Unlock()
	open += change
	return open
}

func echo(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	count(1)
	for err == nil {
		var kind int
		var message []byte
		if kind, message, err = ws.ReadMessage(); err == nil {
			err = ws.WriteMessage(kind, message)
		}
	}
	ws.Close()
	mutex.Lock()
	ended[cause(err)]++
	mutex.Unlock()
	count(-1)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(listener, http.HandlerFunc(echo))
	output := json.NewEncoder(os.Stdout)
	port := listener.Addr().(*net.TCPAddr).Port
	output.Encode(map[string]any{"port": port, "version": "gorilla/websocket, " + runtime.Version()})
	io.Copy(io.Discard, os.Stdin)
	for i := 0; i < 200 && count(0) > 0; i++ { // the last ends may be on their way
		time.Sleep(50 * time.Millisecond)
	}
	mutex.Lock()
	output.Encode(map[string]any{"open": open, "ended": ended})
}

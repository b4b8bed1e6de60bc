---@meta namedpipe
-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

---Windows named pipes, with one meaning on Linux and on Windows.
---
---*Names.* `demo`, `\\.\pipe\demo` and `//./pipe/demo` are the same pipe; upper
---and lower case are the same.
---
---*Errors.* What fails returns `nil, message, code`: the message begins with the
---pipe's name, the code is a Win32 number, the same on every system, found by
---name in `np.E`. Wrong arguments, an unknown option, and a closed pipe raise an
---error instead. An interrupted call returns `np.E.INTERRUPTED`.
---
---*Time-outs.* Seconds, as a number. None or nil waits for ever (or as long as
---`settimeout` says), `0` tries once, `math.huge` waits for ever. When the time
---is up, nothing has been moved: a message is sent whole or not at all, and
---nothing was taken from the queue. The code is `np.E.TIMEOUT` on pipes,
---`np.E.SEM_TIMEOUT` from `connect`, `wait` and `call`.
---@class namedpipe
---@field E namedpipe.E error codes by name
---@field _VERSION string "namedpipe" and its version
---@field INBOUND integer a direction: only the client writes
---@field OUTBOUND integer a direction: only the server writes
---@field DUPLEX integer a direction: both write
---@field MODE_DEFAULT integer
---@field BYTE integer a type: a stream of bytes
---@field MESSAGE integer a type: each write is a message
---@field READ integer
---@field WRITE integer
---@field DISCONNECTED integer a state
---@field LISTENING integer a state
---@field CONNECTED integer a state
---@field CLOSING integer a state
---@field NOWAIT integer a bit of `setmode`
---@field READMODE_MESSAGE integer a bit of `setmode`
---@field FLAG_NOWAIT integer
---@field FLAG_FIRST integer
---@field WAIT_INSTANCE integer
---@field WAIT_SERVER integer
---@field UNLIMITED_INSTANCES integer 255, the `max_instances` that sets no limit
---@field DEFAULT_QUOTA integer 65536, the `in_quota` and `out_quota` of pipes
local np = {}

---Error codes by name.
---@class namedpipe.E
---@field INVALID_FUNCTION integer 1: this end of the pipe cannot do that
---@field FILE_NOT_FOUND integer 2: there is no pipe of this name
---@field PATH_NOT_FOUND integer 3
---@field ACCESS_DENIED integer 5
---@field INVALID_HANDLE integer 6: the handle was inherited through a fork
---@field NOT_ENOUGH_MEMORY integer 8
---@field NOT_SUPPORTED integer 50
---@field INVALID_PARAMETER integer 87
---@field BROKEN_PIPE integer 109: the other end is closed, all has been read
---@field SEM_TIMEOUT integer 121: no instance became free in time
---@field INSUFFICIENT_BUFFER integer 122
---@field INVALID_NAME integer 123
---@field BAD_PATHNAME integer 161
---@field PIPE_LOCAL integer 229
---@field BAD_PIPE integer 230: invalid in this state or mode of the pipe
---@field PIPE_BUSY integer 231: all instances are busy; unread data before `transact`
---@field NO_DATA integer 232: the other end closed; nothing there for a nowait read
---@field PIPE_NOT_CONNECTED integer 233: disconnected
---@field MORE_DATA integer 234
---@field TIMEOUT integer 258
---@field PIPE_CONNECTED integer 535
---@field PIPE_LISTENING integer 536: no client has come yet
---@field OPERATION_ABORTED integer 995: cancelled, or the handle was closed
---@field NOT_FOUND integer 1168
---@field REVISION_MISMATCH integer 1306: the other side runs an incompatible version
---@field CANNOT_IMPERSONATE integer 1368
---@field NO_SYSTEM_RESOURCES integer 1450
---@field INTERRUPTED integer 0x20000001: by a signal
---@field SERVER_NOT_TRUSTED integer 0x20000002: the server runs as another user

---@alias namedpipe.Mode "byte"|"message"
---@alias namedpipe.ReadMode "byte"|"message"|"default"

---What a server makes. The type, the direction, the limit and the default
---time-out are those of the first instance.
---@class namedpipe.ServerOptions
---@field mode? namedpipe.Mode the pipe's type; "byte" if absent
---@field read_mode? namedpipe.ReadMode of the server's end; the pipe's type if absent
---@field access? "duplex"|"inbound"|"outbound" the direction; "duplex" if absent
---@field max_instances? integer 1 to 255, 255 (no limit) if absent
---@field in_quota? integer bytes from client to server before a write waits
---@field out_quota? integer bytes from server to client before a write waits
---@field default_timeout? number seconds of `np.wait(name, "default")`; 0.05
---@field first? boolean fail with ACCESS_DENIED if the name is served already
---@field nowait? boolean calls on this end never wait (PIPE_NOWAIT)

---@class namedpipe.OpenOptions
---@field access? "r"|"w"|"rw"|"" what this end may do; "rw" if absent
---@field read_mode? namedpipe.ReadMode "default": `open` byte, `connect` the pipe's type
---@field nowait? boolean calls on this end never wait (PIPE_NOWAIT)

---@class namedpipe.ConnectOptions: namedpipe.OpenOptions
---@field timeout? number seconds; for ever if absent
---@field wait? "instance"|"server" "server" also waits for the pipe to exist

---@class namedpipe.CallOptions
---@field timeout? number seconds for all of it; for ever if absent
---@field max? integer longest reply, bytes; 1048576 if absent

---Make one instance of a pipe. It listens at once: a client may open it and
---write before `accept` is called. Does not wait.
---
---Fails with INVALID_NAME, INVALID_PARAMETER (0 or more than 255 instances, byte
---type with message read mode), PIPE_BUSY (all instances exist), ACCESS_DENIED
---(the name exists and `first` was asked, or the direction differs).
---@param name string
---@param options? namedpipe.ServerOptions
---@return namedpipe.Pipe? pipe
---@return string? message
---@return integer? code
function np.create(name, options) end

---Open the client end of a listening instance. Never waits.
---
---Fails with FILE_NOT_FOUND, PIPE_BUSY, ACCESS_DENIED (the pipe's direction),
---SERVER_NOT_TRUSTED, INVALID_NAME, INVALID_PARAMETER (message reads of a byte
---pipe).
---@param name string
---@param options? namedpipe.OpenOptions
---@return namedpipe.Pipe? pipe
---@return string? message
---@return integer? code
function np.open(name, options) end

---Open the client end, waiting for a free instance, or with `wait = "server"`
---for the pipe to appear. Waits until connected.
---
---Fails as `open`, but with SEM_TIMEOUT when the time is up.
---@param name string
---@param options? namedpipe.ConnectOptions
---@return namedpipe.Pipe? pipe
---@return string? message
---@return integer? code
function np.connect(name, options) end

---Serve a name: own its first instance and keep one instance listening. Does
---not wait.
---
---Fails as `create`; ACCESS_DENIED means the name is served already.
---@param name string
---@param options? namedpipe.ServerOptions
---@return namedpipe.Server? server
---@return string? message
---@return integer? code
function np.listen(name, options) end

---Wait until an instance listens. Nothing is reserved; `connect` waits and opens.
---
---Fails with FILE_NOT_FOUND (at once when there is no such pipe), SEM_TIMEOUT,
---INVALID_NAME.
---@param name string
---@param timeout? number|"default" "default": what the server chose
---@return true? listening
---@return string? message
---@return integer? code
function np.wait(name, timeout) end

---Connect, send one message, receive one, close. Waits for the reply.
---
---`more` is true when the reply was longer than `max`; its rest is lost.
---Fails as `connect` and `transact`; INVALID_PARAMETER on a byte pipe.
---@param name string
---@param request string
---@param options? namedpipe.CallOptions
---@return string? reply
---@return boolean|string more or the message
---@return integer? code
function np.call(name, request, options) end

---Whether the pipe exists. Takes no instance and does not wait.
---
---Fails with INVALID_NAME, ACCESS_DENIED.
---@param name string
---@return boolean? exists
---@return string? message
---@return integer? code
---@nodiscard
function np.exists(name) end

---The names of the pipes there are, without `\\.\pipe\`. Does not wait.
---@param pattern? string with `*` and `?`; all if absent
---@return string[]? names
---@return string? message
---@return integer? code
---@nodiscard
function np.names(pattern) end

---Wait until one of several is ready: a pipe when `recv` would not wait (data,
---or the end), a listening pipe or a server when `accept` would not. Returns
---those that are, in their order; none when the time is up.
---
---What a `read` that failed half-way has put back does not make a pipe ready.
---Fails with INTERRUPTED.
---@param handles (namedpipe.Pipe|namedpipe.Server)[]
---@param timeout? number
---@return (namedpipe.Pipe|namedpipe.Server)[]? ready
---@return string? message
---@return integer? code
---@nodiscard
function np.select(handles, timeout) end

---What kind of object this is; nil for anything else.
---@param object any
---@return "pipe"|"closed pipe"|"server"|"closed server"|nil kind
---@nodiscard
function np.type(object) end

---The version of the library.
---@return string version
---@nodiscard
function np.version() end

---One end of one instance. It closes when it is closed, when its `<close>`
---variable ends, and when it is collected.
---@class namedpipe.Pipe
local Pipe = {}

---@class namedpipe.State
---@field state "disconnected"|"listening"|"connected"|"closing"
---@field read_mode namedpipe.Mode of this end
---@field nowait boolean of this end
---@field instances integer of the pipe, now

---@class namedpipe.Info
---@field server_end boolean whether this is the server's end
---@field mode namedpipe.Mode the pipe's type
---@field access "duplex"|"inbound"|"outbound" the pipe's direction
---@field in_quota integer bytes, client to server
---@field out_quota integer bytes, server to client
---@field max_instances integer

---@class namedpipe.Peer
---@field pid? integer absent when not known; may have been reused
---@field uid? integer absent where users have no numbers
---@field user? string absent when it has no name

---Wait for the client of this instance. After `disconnect`, listens again.
---
---Fails with NO_DATA (a client came and left; what it sent can be received),
---PIPE_LISTENING (nowait, no client yet), TIMEOUT, INVALID_FUNCTION (a client's
---end).
---@param timeout? number
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:accept(timeout) end

---Throw the client out and drop what is unread in both directions; `flush`
---before lets the client read it. Does not wait.
---
---Fails with PIPE_NOT_CONNECTED (disconnected already), INVALID_FUNCTION (a
---client's end).
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:disconnect() end

---Receive: in message mode one whole message, in byte mode all that is there.
---With `max` at most that many bytes, and `more`, true when the message goes on;
---the next call gives its rest. An empty string is an empty message, never the
---end. Waits for the first byte.
---
---Fails with BROKEN_PIPE (the other end is closed and all has been received),
---PIPE_NOT_CONNECTED, PIPE_LISTENING, NO_DATA (nowait, nothing there), TIMEOUT,
---ACCESS_DENIED.
---@param max? integer
---@param timeout? number
---@return string? data
---@return boolean|string? more with `max`; or the message
---@return integer? code
function Pipe:recv(max, timeout) end

---Send: in message mode one message, which may be empty. Waits while what is
---unread exceeds the quota. Gives the number of bytes sent, always all of them
---unless the pipe is nowait.
---
---Fails with NO_DATA (the other end is closed), BROKEN_PIPE (it closed during
---the call), PIPE_NOT_CONNECTED, PIPE_LISTENING, TIMEOUT, ACCESS_DENIED. After a
---TIMEOUT the send was taken back; `partial` is what the other end had already
---read of it.
---@param data string
---@param timeout? number
---@return integer? sent
---@return string? message
---@return integer? code
---@return integer? partial
function Pipe:send(data, timeout) end

---Read as io files do, by "n", "l", "L", "a" or a count of bytes; "l" if there
---is no format. Message bounds mean nothing. At the end of the pipe the result
---is nil alone. The time-out of `settimeout` bounds each wait for data.
---
---Nothing is read ahead, so `recv`, `peek` and `select` may be mixed with it.
---When it fails half-way (TIMEOUT, say), results of earlier formats come before
---`nil, message, code`, and bytes that are no result yet are put back: the next
---`read`, `recv` or `peek` sees them first. Fails as `recv`.
---@param ... "n"|"l"|"L"|"a"|integer
---@return string|number? ...
function Pipe:read(...) end

---An iterator that reads by the formats, "l" if there is none, and ends with
---the pipe. Raises an error when a read fails.
---@param ... "n"|"l"|"L"|"a"|integer
---@return fun(): string|number?, ...
---@nodiscard
function Pipe:lines(...) end

---Send strings and numbers as one write, in message mode one message. Waits as
---`send` with the time-out of `settimeout`. Without arguments nothing is sent.
---
---Fails as `send`; TIMEOUT when a nowait pipe has no room.
---@param ... string|number
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:write(...) end

---Wait until the other end has read everything sent before.
---
---Fails with BROKEN_PIPE (it closed first), PIPE_NOT_CONNECTED, TIMEOUT,
---ACCESS_DENIED.
---@param timeout? number
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:flush(timeout) end

---Look at up to `n` bytes (none if absent) of what `recv` would get, without
---taking them; of a message pipe only the first message. `available` counts all
---unread bytes, `left` what of the first message is not in `data`, 0 on a byte
---pipe. Does not wait.
---
---Fails with BROKEN_PIPE, BAD_PIPE (listening or disconnected),
---PIPE_NOT_CONNECTED, ACCESS_DENIED.
---@param n? integer
---@return string? data
---@return integer|string available or the message
---@return integer left or the code
function Pipe:peek(n) end

---Send one message and receive one, as one call. The request is not subject to
---the quota. With `max`, `more` is true when the reply goes on. Waits for the
---reply.
---
---Fails with BAD_PIPE (not a duplex message pipe read by messages), PIPE_BUSY
---(there is unread data), TIMEOUT (the request stays sent), and as `send` and
---`recv`.
---@param request string
---@param timeout? number
---@param max? integer
---@return string? reply
---@return boolean|string? more with `max`; or the message
---@return integer? code
function Pipe:transact(request, timeout, max) end

---State and modes of this end. Does not wait.
---
---Fails with PIPE_NOT_CONNECTED (a client's end after a disconnect),
---ACCESS_DENIED (the server's end of an outbound pipe).
---@return namedpipe.State? state
---@return string? message
---@return integer? code
---@nodiscard
function Pipe:state() end

---Set the modes of this end, nil leaving one as it is; or the bits of both,
---`np.NOWAIT` and `np.READMODE_MESSAGE`, as one integer. Does not wait.
---
---Fails with INVALID_PARAMETER (message reads of a byte pipe, another bit),
---ACCESS_DENIED (a read-only client's end), PIPE_NOT_CONNECTED.
---@param read_mode? namedpipe.Mode|integer
---@param nowait? boolean
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:setmode(read_mode, nowait) end

---How the pipe was made. Does not wait.
---
---Fails with PIPE_NOT_CONNECTED (a client's end after a disconnect),
---ACCESS_DENIED (the server's end of an outbound pipe).
---@return namedpipe.Info? info
---@return string? message
---@return integer? code
---@nodiscard
function Pipe:info() end

---Who is on the other end. Decide by the user. Does not wait.
---
---Fails with NOT_FOUND (no client), PIPE_NOT_CONNECTED.
---@return namedpipe.Peer? peer
---@return string? message
---@return integer? code
---@nodiscard
function Pipe:peer() end

---The time-out of calls that name none.
---@param timeout? number for ever if absent
---@return namedpipe.Pipe self
function Pipe:settimeout(timeout) end

---End the calls that are blocked on this pipe now, with OPERATION_ABORTED. Does
---not wait.
---
---Fails with NOT_FOUND (nothing was blocked).
---@return namedpipe.Pipe? self
---@return string? message
---@return integer? code
function Pipe:cancel() end

---Close this end. The other end can read what was sent, then gets BROKEN_PIPE.
---Does not wait.
---@return true closed
function Pipe:close() end

---The canonical name, `\\.\pipe\demo`.
---@return string path
---@nodiscard
function Pipe:path() end

---A descriptor for event loops; readable when a call may get further than
---before. Try with time-out 0 first, then wait for it, then try until TIMEOUT.
---Do not read from it or close it.
---
---Fails with NO_SYSTEM_RESOURCES, NOT_SUPPORTED (on Windows).
---@return integer? fd
---@return string? message
---@return integer? code
---@nodiscard
function Pipe:getfd() end

---`getfd` under the name that cqueues uses.
---@return integer? fd
---@return string? message
---@return integer? code
---@nodiscard
function Pipe:pollfd() end

---For cqueues: the events to poll for.
---@return "r" events
---@nodiscard
function Pipe:events() end

---For cqueues: a pipe has no timer of its own.
---@return nil
---@nodiscard
function Pipe:timeout() end

---Raises an error: a pipe has no buffer, each write is sent at once.
---@return nil
---@deprecated
function Pipe:setvbuf() end

---A name kept served. It closes when it is closed, when its `<close>` variable
---ends, and when it is collected; pipes it gave live on.
---@class namedpipe.Server
local Server = {}

---Wait for the next client and give its pipe, connected.
---
---Fails with TIMEOUT, NO_SYSTEM_RESOURCES.
---@param timeout? number
---@return namedpipe.Pipe? pipe
---@return string? message
---@return integer? code
function Server:accept(timeout) end

---End the accepts that are blocked now, with OPERATION_ABORTED. Does not wait.
---
---Fails with NOT_FOUND (nothing was blocked).
---@return namedpipe.Server? self
---@return string? message
---@return integer? code
function Server:cancel() end

---Stop serving the name. Does not wait.
---@return true closed
function Server:close() end

---The canonical name, `\\.\pipe\demo`.
---@return string path
---@nodiscard
function Server:path() end

---A descriptor for event loops; readable when `accept` may get further.
---@return integer? fd
---@return string? message
---@return integer? code
---@nodiscard
function Server:getfd() end

---`getfd` under the name that cqueues uses.
---@return integer? fd
---@return string? message
---@return integer? code
---@nodiscard
function Server:pollfd() end

---For cqueues: the events to poll for.
---@return "r" events
---@nodiscard
function Server:events() end

---For cqueues: a server has no timer of its own.
---@return nil
---@nodiscard
function Server:timeout() end

return np

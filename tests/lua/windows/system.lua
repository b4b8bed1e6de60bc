-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- What busted asks of luasystem, which is compiled and not there for Windows.
-- On Windows os.clock() counts real time, not the processor's.

local system = {gettime = os.time, monotime = os.clock}

function system.sleep(seconds)
  local stop = os.clock() + seconds
  repeat until os.clock() >= stop
end

return system

-- SPDX-License-Identifier: MIT
-- SPDX-FileCopyrightText: the namedpipe authors

-- CRC-32 as zlib has it: crc32(bytes, crc so far or 0).

local POLYNOMIAL <const> = 0xEDB88320

local step = {}
for byte = 0, 255 do
  local rest = byte
  for _ = 1, 8 do
    rest = rest & 1 == 1 and rest >> 1 ~ POLYNOMIAL or rest >> 1
  end
  step[byte] = rest
end

return function(bytes, crc)
  crc = crc ~ 0xFFFFFFFF
  for i = 1, #bytes do
    crc = step[(crc ~ bytes:byte(i)) & 255] ~ crc >> 8
  end
  return crc ~ 0xFFFFFFFF
end

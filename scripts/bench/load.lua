-- Sends the requests of a file in turn and prints what wrk counted as one line of JSON.
-- wrk ... -- requests.txt      One request a line: method, path, a header that authenticates it, and its body, by tabs.

local requests, position = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local fields = {}
    for field in line:gmatch("[^\t]+") do fields[#fields + 1] = field end
    local headers = {["Accept"] = "application/json"}
    if fields[3] then
      local name, value = fields[3]:match("^(.-): (.*)$")
      headers[name] = value
    end
    if fields[4] then headers["Content-Type"] = "application/json" end
    requests[#requests + 1] = wrk.format(fields[1], fields[2], headers, fields[4])
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end

-- SPDX-License-Identifier: Apache-2.0
-- One load of wrk: each request carries a credential drawn from a file; every status is counted.
-- Arguments: PATH FILE ORDER LIMIT. FILE has one token a line (an empty file: no credential),
-- ORDER is random or once (each line once, in turn), LIMIT ends the load after so many answers, 0
-- after its time.

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local path, file, order, limit = args[1], args[2], args[3], tonumber(args[4])
    requests = {}
    for token in io.lines(file) do
        table.insert(requests, wrk.format("GET", path, {Authorization = "Bearer " .. token}))
    end
    if #requests == 0 then
        table.insert(requests, wrk.format("GET", path))
    end
    is_random = order == "random"
    drawn = 0
    answers = 0
    most = limit
    statuses = {}
    math.randomseed(1)
end

function request()
    if is_random then
        return requests[math.random(#requests)]
    end
    drawn = drawn % #requests + 1
    return requests[drawn]
end

function response(status)
    local name = tostring(status)
    statuses[name] = (statuses[name] or 0) + 1
    answers = answers + 1
    if answers == most then
        wrk.thread:stop()
    end
end

function done(summary, latency)
    local errors = summary.errors
    local counted = {}
    for _, thread in ipairs(threads) do
        for status, n in pairs(thread:get("statuses")) do
            table.insert(counted, string.format('"%s": %d', status, n))
        end
    end
    io.write(string.format(
        'RESULT {"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "broken": %d, ' ..
        '"statuses": {%s}}\n', summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), errors.connect + errors.read + errors.write + errors.timeout,
        table.concat(counted, ", ")))
end

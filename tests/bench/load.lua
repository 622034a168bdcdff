-- SPDX-License-Identifier: Apache-2.0
-- One load of wrk: each request carries a credential of a file, every status is counted.
-- Arguments: PATH FILE ORDER FIRST COUNT SPAN SEED. The lines of FILE are equally long, the header
-- fields of a request each, with tabs between them ("-": none); COUNT of them from line FIRST on are used. ORDER is random, hot (nine of ten
-- from the first SPAN lines) or once (each once, in turn). Says "begun" on stderr with the first
-- answer and "ended" when every line was answered once: who started it ends it then.

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    local path, name = args[1], args[2]
    order, first, count, span = args[3], tonumber(args[4]), tonumber(args[5]), tonumber(args[6])
    drawn, answers, statuses = 0, 0, {}
    math.randomseed(tonumber(args[7])) -- the same draw again would find caches warm
    if name == "-" then
        whole = wrk.format("GET", path)
        return
    end
    before, after = wrk.format("GET", path, {X = "@"}):match("^(.*)X: @(.*)$")
    file = io.open(name, "rb")
    local line = file:read("*l")
    width = #line + 1
    lines = file:seek("end") / width
    has_several = line:find("\t")
end

local function draw()
    if order == "random" then
        return first + math.random(count) - 1
    elseif order == "hot" then
        return first + math.random(math.random() < 0.9 and span or count) - 1
    end
    drawn = drawn + 1
    return (first + drawn - 1) % lines -- connections ask on until the last answer is there
end

function request()
    if whole then
        return whole
    end
    file:seek("set", draw() * width)
    local fields = file:read(width - 1)
    return before .. (has_several and fields:gsub("\t", "\r\n") or fields) .. after
end

function response(status)
    local name = tostring(status)
    statuses[name] = (statuses[name] or 0) + 1
    answers = answers + 1
    if answers == 1 then
        io.stderr:write("begun\n")
    end
    if answers == count and order == "once" then
        io.stderr:write("ended\n")
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

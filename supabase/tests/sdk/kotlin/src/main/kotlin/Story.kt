// Plays the story and prints a line of JSON for each step.
import io.github.jan.supabase.auth.Auth
import io.github.jan.supabase.auth.auth
import io.github.jan.supabase.auth.minimalConfig
import io.github.jan.supabase.auth.providers.builtin.Email
import io.github.jan.supabase.createSupabaseClient
import io.github.jan.supabase.exceptions.RestException
import io.github.jan.supabase.logging.LogLevel
import io.github.jan.supabase.postgrest.Postgrest
import io.github.jan.supabase.postgrest.exception.PostgrestRestException
import java.io.IOException
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.encodeToJsonElement
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

private const val INTERVIEW = "attempt-1"

private fun say(step: String, more: JsonObjectBuilder.() -> Unit) {
    println(buildJsonObject { put("step", step); more() })
}

private fun sayRefused(step: String, refusal: Refusal) = say(step) {
    putJsonObject("refusal") {
        put("code", refusal.code)
        put("message", refusal.message)
        put("hint", refusal.hint)
        put("details", refusal.details ?: JsonNull)
    }
    // as the SDK has them
    put("raw", (refusal.cause as PostgrestRestException).details ?: JsonNull)
    put("text", refusal.cause?.message)
}

private suspend inline fun <reified T> tell(step: String, call: suspend () -> T) {
    try {
        val row: JsonElement = Json.encodeToJsonElement(call())
        say(step) { put("row", row) }
    } catch (refusal: Refusal) {
        sayRefused(step, refusal)
    } catch (error: RestException) {
        say(step) { put("trouble", "${error.statusCode}: ${error.error}") }
    } catch (error: IOException) {
        say(step) { put("trouble", error.toString()) }
    }
}

private fun client() = createSupabaseClient(System.getenv("URL"), System.getenv("KEY")) {
    defaultLogLevel = LogLevel.NONE
    // several users in one process, nothing on the disk
    install(Auth) { minimalConfig() }
    install(Postgrest)
}

private suspend fun device(): Sessions {
    val supabase = client()
    supabase.auth.signInWith(Email) {
        email = System.getenv("EMAIL")
        password = System.getenv("PASSWORD")
    }
    return Sessions(supabase)
}

fun main() {
    runBlocking { play() }
    // the SDK's threads would keep the process
    exitProcess(0)
}

private suspend fun play() = coroutineScope {
    tell("signed out") { Sessions(client()).start("phone") }

    val phone = device()
    val laptop = device()
    tell("bad argument") { phone.start("") }
    tell("start") { phone.start("phone", device = "Phone", interviewId = INTERVIEW) }
    tell("heartbeat") { phone.heartbeat("phone") }
    tell("refused") { laptop.start("laptop", device = "Laptop") }

    val kept = async { phone.keep("phone", every = 50.milliseconds) }
    for (step in listOf("no answer", "retry")) {
        tell(step) {
            laptop.start("laptop", takeover = true, device = "Laptop", interviewId = INTERVIEW)
        }
    }
    sayRefused("lost", kept.await())
    tell("end of the lost") { phone.end("phone") }

    tell("error page") { laptop.heartbeat("laptop") }
    tell("complete") { laptop.complete("laptop") }
    tell("end") { laptop.end("laptop") }
    tell("unknown") { laptop.end("never") }
    tell("submitted") { phone.start("again", interviewId = INTERVIEW) }
    tell("deleted user") { phone.start("late") }
}

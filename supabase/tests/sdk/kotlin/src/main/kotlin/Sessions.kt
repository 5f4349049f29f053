// Holds an interview session through supabase-kt.
import io.github.jan.supabase.SupabaseClient
import io.github.jan.supabase.auth.Auth
import io.github.jan.supabase.createSupabaseClient
import io.github.jan.supabase.exceptions.RestException
import io.github.jan.supabase.postgrest.Postgrest
import io.github.jan.supabase.postgrest.exception.PostgrestRestException
import io.github.jan.supabase.postgrest.postgrest
import io.github.jan.supabase.postgrest.result.PostgrestResult
import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.delay
import kotlinx.serialization.SerialName
import kotlinx.serialization.Serializable
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.put

/** As much of a session as is read here. */
@Serializable
data class Session(
    @SerialName("session_id") val sessionId: String,
    val status: String,
    val fence: Long,
    val device: String?,
    @SerialName("previous_session_id") val previousSessionId: String?,
    @SerialName("expires_at") val expiresAt: String,
)

/** How a session ended. */
@Serializable
data class Ended(
    @SerialName("session_id") val sessionId: String,
    @SerialName("end_reason") val endReason: String,
    @SerialName("ended_at") val endedAt: String,
)

/** The database refused the call; [message] can be shown to the user. */
class Refusal(cause: PostgrestRestException) : Exception(cause.error, cause) {
    val code = cause.code
    val hint = cause.hint

    /** JSON in a JSON string: decoded twice. */
    val details: JsonObject? = (cause.details as? JsonPrimitive)?.contentOrNull
        ?.let { Json.parseToJsonElement(it).jsonObject }
}

private val refusals = setOf("PT401", "PT409", "PT410", "22023")

fun connect(url: String, key: String) = createSupabaseClient(url, key) {
    install(Auth)
    // the default is 30 seconds
    install(Postgrest) { timeout = 8.seconds }
}

class Sessions(private val supabase: SupabaseClient) {
    private suspend fun call(function: String, arguments: JsonObject): PostgrestResult = try {
        supabase.postgrest.rpc(function, arguments)
    } catch (error: PostgrestRestException) {
        throw if (error.code in refusals) Refusal(error) else error
    }

    private fun of(id: String) = buildJsonObject { put("session_id", id) }

    /** After no answer, the same id again returns the same session. */
    suspend fun start(
        id: String,
        takeover: Boolean = false,
        device: String? = null,
        interviewId: String? = null,
    ): Session = call("start_session", buildJsonObject {
        put("session_id", id)
        put("takeover", takeover)
        put("device", device)
        put("interview_id", interviewId)
    }).decodeAs()

    suspend fun heartbeat(id: String): Session = call("heartbeat_session", of(id)).decodeAs()

    /** Sends heartbeats until one is refused, and returns that refusal. */
    suspend fun keep(id: String, every: Duration = 30.seconds): Refusal {
        while (true) {
            try {
                heartbeat(id)
            } catch (refusal: Refusal) {
                return refusal
            } catch (_: RestException) {
                // not from the database: the session may be live
            } catch (_: IOException) {
                // no answer
            }
            delay(every)
        }
    }

    suspend fun complete(id: String): Session = call("complete_session", of(id)).decodeAs()

    /** How the session ended; null if there was no such session. */
    suspend fun end(id: String): Ended? =
        call("end_session", of(id)).decodeList<Ended>().firstOrNull()
}
